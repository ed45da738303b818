// What a step takes: the paper's for Pythia-70M unless told otherwise. A step of the benchmark's own model on this machine
// says how it compares, and scaled to Pythia's size can stand in for it.
import type { Clock } from '#runtime/clock.ts'
import { invalid } from '#runtime/errors.ts'
import { seededRandom } from '#runtime/random.ts'
import type { Images } from './images.ts'
import { billedElements, paperStepMs } from './matrix.ts'
import { addGradient, elements, initialValues } from './network.ts'

export type StepTime = {
  /** What is simulated. */
  readonly stepMs: number
  /** A step of the small model here. */
  readonly ownStepMs: number
  /** That, as if of the billed model's size: by the number of parameters. */
  readonly scaledStepMs: number
}

const warmUpSteps = 20
const timedSteps = 100

/** `asked` is --step-ms: milliseconds, "measured" or "paper". */
export function stepTime(asked: string, clock: Clock, images: Images, batch: number): StepTime {
  const isNumber = /^\d{1,6}(\.\d{1,3})?$/.test(asked) && Number(asked) > 0
  if (!isNumber && asked !== 'measured' && asked !== 'paper') {
    const description = `"${asked}" is none; write milliseconds above 0, "paper" (${paperStepMs}) or "measured"`
    throw invalid([{ field: '--step-ms', description }])
  }
  const ownStepMs = measure(clock, images, batch)
  const scaledStepMs = (ownStepMs * billedElements) / elements
  const stepMs = isNumber ? Number(asked) : asked === 'paper' ? paperStepMs : scaledStepMs
  return { stepMs, ownStepMs, scaledStepMs }
}

function measure(clock: Clock, images: Images, batch: number): number {
  const values = initialValues(seededRandom(1))
  const gradient = new Float32Array(elements)
  const chosen = Array.from({ length: batch }, (_, at) => at % images.count)
  const times = Array.from({ length: warmUpSteps + timedSteps }, () => {
    const startMs = clock.monotonicMs()
    addGradient(values, images, chosen, gradient)
    return clock.monotonicMs() - startMs
  })
  return times.slice(warmUpSteps).toSorted((a, b) => a - b)[timedSteps / 2]!
}
