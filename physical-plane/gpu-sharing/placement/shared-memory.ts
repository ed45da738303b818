// Memory of one device where instances of a model share its weights: each has its own, and what they share lies there once, from
// the first that comes until the last has gone.
import { assert } from '#runtime/assert.ts'

export type MemoryAsk = {
  /** Of the instance alone. */
  readonly memoryBytes: number
  /** What it shares with other instances of the same key; null: nothing. */
  readonly shared: { readonly key: string; readonly bytes: number } | null
}

export class SharedMemory {
  readonly totalBytes: number
  readonly #asks = new Map<string, MemoryAsk>()
  /** By key: its bytes, and how many hold it. */
  readonly #shared = new Map<string, { readonly bytes: number; readonly holders: number }>()
  #usedBytes = 0

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes
  }

  get freeBytes(): number {
    return this.totalBytes - this.#usedBytes
  }

  fits(ask: MemoryAsk): boolean {
    return this.#addedBytes(ask) <= this.freeBytes
  }

  hold(holder: string, ask: MemoryAsk): void {
    assert(!this.#asks.has(holder), `${holder} has memory already`)
    assert(this.fits(ask), `${holder} needs ${this.#addedBytes(ask)} bytes of ${this.freeBytes}`)
    this.#usedBytes += this.#addedBytes(ask)
    this.#asks.set(holder, ask)
    if (ask.shared === null) return
    const { key, bytes } = ask.shared
    const known = this.#shared.get(key)
    this.#shared.set(key, { bytes: known?.bytes ?? bytes, holders: (known?.holders ?? 0) + 1 })
  }

  release(holder: string): boolean {
    const ask = this.#asks.get(holder)
    if (ask === undefined) return false
    this.#asks.delete(holder)
    this.#usedBytes -= ask.memoryBytes
    const known = ask.shared === null ? undefined : this.#shared.get(ask.shared.key)
    if (ask.shared === null || known === undefined) return true
    if (known.holders > 1) this.#shared.set(ask.shared.key, { ...known, holders: known.holders - 1 })
    else {
      this.#shared.delete(ask.shared.key)
      this.#usedBytes -= known.bytes
    }
    return true
  }

  #addedBytes({ memoryBytes, shared }: MemoryAsk): number {
    return memoryBytes + (shared === null || this.#shared.has(shared.key) ? 0 : shared.bytes)
  }
}
