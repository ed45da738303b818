// What both ways into a partition, bell and stream, do with a tensor that has landed: refuse it by name while nothing
// has changed, or hand it on.
import { present } from '#runtime/assert.ts'
import type { Layout } from '../replica/layout.ts'
import { tensorAt } from '../replica/layout.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { StepOutcome, WorkerSide } from '../worker-side.ts'
import type { Session } from './sessions.ts'

/** A step's numbers as they came from the worker, unchecked. */
export type StepReport = {
  readonly leaseId: number
  readonly leaseUsed: number
  readonly samples: number
  readonly loss: number
  readonly learningRates: readonly number[]
}

/** Applies the gradient in the session's landing buffer, which kernels may still be reading when the outcome is there. */
export async function takeStep(
  side: WorkerSide,
  session: Session,
  report: StepReport,
  isGradientFinite: boolean,
): Promise<StepOutcome> {
  const { landing, layout } = session
  const fault =
    faultOf(report, layout) ?? (isGradientFinite ? null : notFinite('gradient', landing, layout, report.loss))
  if (fault !== null) return { status: 'refused', text: fault, version: side.version, isOver: false }
  const { leaseId, leaseUsed, samples, loss, learningRates } = report
  return side.step({ workerId: session.id, leaseId, leaseUsed, samples, loss, learningRates, gradient: landing })
}

/** Offers the values in the session's landing buffer as the partition's first, likewise; answers why not, or null. */
export function takeInitial(side: WorkerSide, session: Session, isFinite: boolean): string | null {
  if (!isFinite) return notFinite('initial value', session.landing, session.layout, null)
  side.initialise(session.id, session.landing)
  return null
}

/**
 * Copies the newest parameters into the session's landing buffer, in order with the steps that others take meanwhile.
 * Resolves, once they can be read there, with their version.
 */
export async function newestParameters(side: WorkerSide, session: Session, memory: VectorMemory): Promise<number> {
  const { values } = present(side.replica, 'the replica of a partition that is ready')
  const { version } = side
  memory.kernels.copy(session.landing, values)
  await memory.settled()
  return version
}

function faultOf(report: StepReport, layout: Layout): string | null {
  const { leaseUsed, samples, loss, learningRates } = report
  if (!Number.isFinite(loss)) {
    return `the loss is ${loss}; lower the learning rate, clip gradients or look for bad samples in the data`
  }
  if (!Number.isSafeInteger(samples) || samples < 1) return `samples is ${samples}; a step has at least one`
  if (!Number.isSafeInteger(leaseUsed) || leaseUsed < samples) {
    return `lease_used is ${leaseUsed}; it counts this step's ${samples} samples too`
  }
  const groups = layout.optimiser.groups.length
  if (learningRates.length !== groups) {
    return `${learningRates.length} learning rates for ${groups} parameter groups; send one for each`
  }
  const bad = learningRates.findIndex((rate) => !Number.isFinite(rate) || rate < 0)
  if (bad === -1) return null
  return `the learning rate of parameter group ${bad} is ${learningRates[bad]}; it must be finite and 0 or more`
}

function notFinite(what: string, values: Float32Array, layout: Layout, loss: number | null): string {
  const index = values.findIndex((value) => !Number.isFinite(value))
  const name = tensorAt(layout, index)?.name ?? '?'
  const when = loss === null ? '' : ` at loss ${loss}`
  return `the ${what} of ${name} is ${values[index]}${when}; lower the learning rate, clip gradients or look for bad samples in the data`
}
