// How long instances take over a request of one function: a moving mean and deviation (as TCP's round-trip time is estimated, RFC 6298),
// so that it is known what few requests pass.

export class ServedTime {
  #meanMs: number | null = null
  #deviationMs = 0

  learn(tookMs: number): void {
    if (this.#meanMs === null) {
      this.#meanMs = tookMs
      this.#deviationMs = tookMs / 4
      return
    }
    const offMs = tookMs - this.#meanMs
    this.#meanMs += offMs / 8
    this.#deviationMs += (Math.abs(offMs) - this.#deviationMs) / 4
  }

  /** What few requests pass; null while nothing is known. */
  mostMs(): number | null {
    return this.#meanMs === null ? null : this.#meanMs + 2 * this.#deviationMs
  }
}
