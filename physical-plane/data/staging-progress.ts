// How much of the data that a partition needs from elsewhere is here.

export class StagingProgress {
  readonly #sources: readonly string[]
  readonly #totals = new Map<string, number>()
  readonly #done = new Map<string, number>()
  readonly #fetched = new Map<string, number>()

  /** Regions, and addresses in object stores. */
  constructor(sources: readonly string[]) {
    this.#sources = sources
  }

  total(source: string, bytes: number): void {
    this.#totals.set(source, bytes)
  }

  done(source: string, bytes: number): void {
    this.#done.set(source, this.doneOf(source) + bytes)
  }

  doneOf(source: string): number {
    return this.#done.get(source) ?? 0
  }

  /** Bytes that a store in the region gave, which has nobody to count them. */
  fetched(region: string, bytes: number): void {
    this.#fetched.set(region, (this.#fetched.get(region) ?? 0) + bytes)
  }

  /** Of regions but this one. What was on its way when an attempt was killed is not in it. */
  fetchedFromElsewhere(place: string): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#fetched].filter(([region]) => region !== place))
  }

  get bytesDone(): number {
    return this.#sources.reduce((sum, source) => sum + this.doneOf(source), 0)
  }

  /** 0 until every source has said how much it has. */
  get bytesTotal(): number {
    const isKnown = this.#sources.every((source) => this.#totals.has(source))
    return isKnown ? [...this.#totals.values()].reduce((sum, bytes) => sum + bytes, 0) : 0
  }
}
