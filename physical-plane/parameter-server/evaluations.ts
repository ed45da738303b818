// When the evaluating worker is asked to evaluate: once at each epoch boundary of its region, and once for the final
// model. A boundary's evaluation is lost with a worker that dies in it; the final one is asked for again.

export type EvaluationSnapshot = { readonly issuedEpoch: number; readonly isFinalDone: boolean }

export class Evaluations {
  #issuedEpoch: number
  #finalHolder: string | null = null
  #isFinalDone: boolean

  constructor(snapshot: EvaluationSnapshot = { issuedEpoch: 0, isFinalDone: false }) {
    this.#issuedEpoch = snapshot.issuedEpoch
    this.#isFinalDone = snapshot.isFinalDone
  }

  get isFinalDone(): boolean {
    return this.#isFinalDone
  }

  /** True once per boundary. The last one has no evaluation of its own, because the final model's follows. */
  takeBoundary(epochsDone: number, epochs: number): boolean {
    if (epochsDone <= this.#issuedEpoch || epochsDone >= epochs) return false
    this.#issuedEpoch = epochsDone
    return true
  }

  /**
   * `asked-before`: the worker was asked and came back without a result, so its function has no evaluation.
   */
  takeFinal(workerId: string): 'evaluate' | 'asked-before' {
    if (this.#finalHolder === workerId) return 'asked-before'
    this.#finalHolder = workerId
    return 'evaluate'
  }

  finishFinal(): void {
    this.#isFinalDone = true
  }

  release(workerId: string): void {
    if (this.#finalHolder === workerId) this.#finalHolder = null
  }

  snapshot(): EvaluationSnapshot {
    return { issuedEpoch: this.#issuedEpoch, isFinalDone: this.#isFinalDone }
  }
}
