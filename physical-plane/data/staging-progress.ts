// How much of the data that a partition needs from elsewhere is here.

export class StagingProgress {
  readonly #regions: readonly string[]
  readonly #totals = new Map<string, number>()
  readonly #done = new Map<string, number>()

  constructor(regions: readonly string[]) {
    this.#regions = regions
  }

  total(region: string, bytes: number): void {
    this.#totals.set(region, bytes)
  }

  done(region: string, bytes: number): void {
    this.#done.set(region, this.doneOf(region) + bytes)
  }

  doneOf(region: string): number {
    return this.#done.get(region) ?? 0
  }

  get bytesDone(): number {
    return this.#regions.reduce((sum, region) => sum + this.doneOf(region), 0)
  }

  /** 0 until every source has said how much it has. */
  get bytesTotal(): number {
    const isKnown = this.#regions.every((region) => this.#totals.has(region))
    return isKnown ? [...this.#totals.values()].reduce((sum, bytes) => sum + bytes, 0) : 0
  }
}
