// Waits between attempts: longer each time, and not in step with others.
import type { Random } from '#runtime/random.ts'
import { reconnectMaxMs, reconnectMinMs } from './config.ts'

export class BackOff {
  readonly #random: Random
  #attempts = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Something worked. */
  reset(): void {
    this.#attempts = 0
  }

  nextMs(): number {
    const fullMs = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(this.#attempts, 16))
    this.#attempts += 1
    return fullMs * (0.5 + this.#random.next() / 2)
  }
}
