// What a region offers to be fetched, by its sha256. Whoever put it there takes it away again. The same content may lie
// there for several reasons at once, each in memory of its own, which may be used for something else once it is taken away.

export class Shelf {
  readonly #entries = new Map<string, Uint8Array[]>()

  /** The bytes must not change while they are here. */
  put(sha256: string, bytes: Uint8Array): void {
    const entry = this.#entries.get(sha256)
    if (entry === undefined) this.#entries.set(sha256, [bytes])
    else entry.push(bytes)
  }

  get(sha256: string): Uint8Array | null {
    return this.#entries.get(sha256)?.[0] ?? null
  }

  /** Takes away what was put there in this memory; without effect where nothing was. */
  remove(sha256: string, bytes: Uint8Array): void {
    const entry = this.#entries.get(sha256) ?? []
    const at = entry.findIndex(({ buffer, byteOffset }) => buffer === bytes.buffer && byteOffset === bytes.byteOffset)
    if (at === -1) return
    entry.splice(at, 1)
    if (entry.length === 0) this.#entries.delete(sha256)
  }

  /** Of all content, each counted once. */
  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, [bytes]) => sum + bytes!.byteLength, 0)
  }
}
