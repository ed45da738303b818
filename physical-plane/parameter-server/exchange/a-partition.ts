// For tests: a whole, small WorkerSide of one region with nobody to synchronise with. Real replica, real leases.
import { CloudlessError } from '#runtime/errors.ts'
import { LeaseTable } from '../leases.ts'
import { layoutDifference } from '../replica/layout.ts'
import type { VectorMemory } from '../replica/memory.ts'
import { Replica } from '../replica/replica.ts'
import type { JoiningWorker, LeaseAnswer, Membership, Step, StepOutcome, WorkerSide } from '../worker-side.ts'
import { unlessAborted } from '#runtime/unless-aborted.ts'

export class APartition implements WorkerSide {
  replica: Replica | null = null
  version = 0
  readonly leases: LeaseTable
  readonly left: string[] = []
  readonly evaluations: { epoch: number; metrics: Readonly<Record<string, number>>; isFinal: boolean }[] = []
  /** Awaited by each step before it is applied, as a barrier of a synchronous group would be. */
  barrier: () => Promise<void> = () => Promise.resolve()
  readonly #memory: VectorMemory
  readonly #ready = Promise.withResolvers<undefined>()
  #isReady = false

  constructor(memory: VectorMemory, samples = 64) {
    this.#memory = memory
    this.leases = new LeaseTable({ samples, epochs: 1, leaseSamples: 16, stallTimeoutMs: 1_000 })
  }

  join({ layout }: JoiningWorker): Membership {
    const difference = this.replica === null ? null : layoutDifference(this.replica.layout, layout)
    if (difference !== null) throw new CloudlessError('invalid', 'LAYOUT_DIFFERS', difference)
    this.replica ??= Replica.create(layout, this.#memory)
    return { hasParameters: this.#isReady, wantsInitial: !this.#isReady, evaluates: true }
  }

  initialise(_workerId: string, values: Float32Array): void {
    if (this.#isReady) return
    this.#memory.kernels.copy(this.replica!.values, values)
    this.version = 1
    this.#isReady = true
    this.#ready.resolve(undefined)
  }

  async whenReady(signal: AbortSignal): Promise<'ready'> {
    await unlessAborted(this.#ready.promise, signal)
    return 'ready'
  }

  async lease(workerId: string, signal: AbortSignal): Promise<LeaseAnswer> {
    const lease = this.leases.grant(workerId, 0)
    if (lease === 'none-left') return { outcome: 'finished' }
    if (lease !== 'wait') return { outcome: 'granted', ...lease }
    await unlessAborted(new Promise(() => {}), signal)
    return { outcome: 'finished' }
  }

  async step(step: Step): Promise<StepOutcome> {
    await this.barrier()
    const { leaseId, workerId, leaseUsed, gradient, learningRates } = step
    if (!this.leases.use(leaseId, workerId, leaseUsed, 0)) {
      return { status: 'lease-lost', text: `lease ${leaseId} is not yours`, version: this.version, isOver: false }
    }
    this.replica!.applyStep(gradient, learningRates, 1)
    this.version += 1
    return { status: 'done', text: '', version: this.version, isOver: this.leases.isDone }
  }

  evaluation(_workerId: string, epoch: number, metrics: Readonly<Record<string, number>>, isFinal: boolean): void {
    this.evaluations.push({ epoch, metrics, isFinal })
  }

  leave(workerId: string, reason: string): void {
    this.leases.release(workerId)
    this.left.push(reason)
  }
}
