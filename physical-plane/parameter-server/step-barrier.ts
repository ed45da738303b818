// The synchronous group of workers in one partition: their steps are averaged, weighted by samples, into one step of the
// optimiser. A step is expected of every worker that trains and does not wait for an answer of ours; who dies, leaves,
// evaluates or finds no more samples releases the others.
import type { Kernels } from './replica/kernels.ts'
import type { Step, StepOutcome } from './worker-side.ts'

type Pending = { readonly step: Step; readonly answer: (outcome: StepOutcome) => void }

export class StepBarrier {
  readonly #pending = new Map<string, Pending>()

  get isEmpty(): boolean {
    return this.#pending.size === 0
  }

  has(workerId: string): boolean {
    return this.#pending.has(workerId)
  }

  arrive(step: Step): Promise<StepOutcome> {
    return new Promise((answer) => this.#pending.set(step.workerId, { step, answer }))
  }

  /** Takes the worker's step out of the group and answers it. */
  withdraw(workerId: string, outcome: StepOutcome): void {
    const pending = this.#pending.get(workerId)
    this.#pending.delete(workerId)
    pending?.answer(outcome)
  }

  /** All steps of the group in the order of worker ids, so that the average does not depend on who was first. */
  take(): readonly Pending[] {
    const group = [...this.#pending.values()].sort((a, b) => (a.step.workerId < b.step.workerId ? -1 : 1))
    this.#pending.clear()
    return group
  }
}

/** The average of the steps' gradients into `target`; learning rates and the loss likewise. */
export function averageSteps(steps: readonly Step[], target: Float32Array, kernels: Kernels) {
  const samples = steps.reduce((sum, step) => sum + step.samples, 0)
  // What is equal stays exactly equal; a mean of equal numbers may not.
  const mean = (of: (step: Step) => number): number =>
    steps.every((step) => of(step) === of(steps[0]!))
      ? of(steps[0]!)
      : steps.reduce((sum, step) => sum + of(step) * step.samples, 0) / samples
  kernels.weightedMean(
    target,
    steps.map((step) => ({ values: step.gradient, weight: step.samples })),
  )
  const learningRates = steps[0]!.learningRates.map((_, group) => mean((step) => step.learningRates[group]!))
  return { gradient: target, learningRates, loss: mean((step) => step.loss), samples }
}
