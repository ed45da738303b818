// What a region offers to be fetched, by its sha256. Whoever put it there takes it away again; the same bytes may be put
// there twice and are then taken away twice.

type Entry = { readonly bytes: Uint8Array; holders: number }

export class Shelf {
  readonly #entries = new Map<string, Entry>()

  /** The bytes must not change while they are here. */
  put(sha256: string, bytes: Uint8Array): void {
    const entry = this.#entries.get(sha256)
    if (entry === undefined) this.#entries.set(sha256, { bytes, holders: 1 })
    else entry.holders += 1
  }

  get(sha256: string): Uint8Array | null {
    return this.#entries.get(sha256)?.bytes ?? null
  }

  remove(sha256: string): void {
    const entry = this.#entries.get(sha256)
    if (entry === undefined) return
    entry.holders -= 1
    if (entry.holders <= 0) this.#entries.delete(sha256)
  }

  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  }
}
