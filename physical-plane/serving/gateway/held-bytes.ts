// The memory that bodies of requests take, all functions together. None may have more than what is then still free (dynamic thresholds,
// Choudhury and Hahne 1998): alone it gets half of all, and however many others are greedy, there is something left for the next.

export class HeldBytes {
  readonly #max: number
  readonly #byName = new Map<string, number>()
  #total = 0

  constructor(max: number) {
    this.#max = max
  }

  get total(): number {
    return this.#total
  }

  /** False, and nothing is held, where there is no room for more of this one's. */
  take(name: string, bytes: number): boolean {
    const held = (this.#byName.get(name) ?? 0) + bytes
    if (held > this.#max - this.#total - bytes) return false
    this.#byName.set(name, held)
    this.#total += bytes
    return true
  }

  give(name: string, bytes: number): void {
    const held = (this.#byName.get(name) ?? 0) - bytes
    if (held <= 0) this.#byName.delete(name)
    else this.#byName.set(name, held)
    this.#total -= bytes
  }
}
