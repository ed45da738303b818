// How fast a function is answered while requests wait for it: answers over time, of saturated time only, and old ones count less and
// less. Answers come in batches, so what counts is their number over a while and never the time between two of them.

export class ServiceRate {
  readonly #memoryMs: number
  #answers = 0
  #ms = 0
  #lastMs = 0
  #isSaturated = false

  constructor(memoryMs: number) {
    this.#memoryMs = memoryMs
  }

  /** At every answer, and whenever the line becomes empty or stops being so. */
  note(nowMs: number, answers: number, isSaturated: boolean): void {
    if (this.#isSaturated) {
      const elapsedMs = Math.max(0, nowMs - this.#lastMs)
      const kept = Math.exp(-elapsedMs / this.#memoryMs)
      this.#answers = this.#answers * kept + answers
      this.#ms = this.#ms * kept + elapsedMs
    }
    this.#lastMs = nowMs
    this.#isSaturated = isSaturated
  }

  /** Null until enough was seen. */
  perSecond(): number | null {
    return this.#answers < 4 || this.#ms < 10 ? null : (1_000 * this.#answers) / this.#ms
  }

  /** What answers has changed. */
  forget(): void {
    this.#answers = 0
    this.#ms = 0
  }
}
