// The encoded vectors that rounds are about: own and fetched contributions, results. Kept and offered to be fetched until
// the round that they belong to is so long past that whoever missed it takes a snapshot.
import type { Shelf } from '../peers/shelf.ts'
import { asBytes, asVector } from './bytes.ts'
import type { Payload } from './types.ts'

type Kept = {
  readonly bytes: Uint8Array
  round: number
  readonly release: () => void
  /** For checkpoints, which know an unchanged vector by its identity. */
  vector: Float32Array | null
}

export class Payloads {
  readonly #shelf: Shelf
  readonly #kept = new Map<string, Kept>()

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  has(sha256: string): boolean {
    return this.#kept.has(sha256)
  }

  get(sha256: string): Uint8Array | null {
    return this.#kept.get(sha256)?.bytes ?? null
  }

  /** Takes the bytes over; `release` is called once nobody can need them. */
  keep(round: number, sha256: string, bytes: Uint8Array, release: () => void = () => {}): void {
    const kept = this.#kept.get(sha256)
    if (kept !== undefined) {
      kept.round = Math.max(kept.round, round)
      release()
      return
    }
    this.#kept.set(sha256, { bytes, round, release, vector: null })
    this.#shelf.put(sha256, bytes)
  }

  /** Forgets what belongs to rounds before `round`. */
  forgetBefore(round: number): void {
    for (const [sha256, kept] of this.#kept) if (kept.round < round) this.forget(sha256)
  }

  /** Of what belongs to the round, whoever missed it needs this only. */
  forgetAllBut(sha256: string, round: number): void {
    for (const [other, kept] of this.#kept) if (kept.round === round && other !== sha256) this.forget(other)
  }

  forget(sha256: string): void {
    const kept = this.#kept.get(sha256)
    if (kept === undefined) return
    this.#kept.delete(sha256)
    this.#shelf.remove(sha256, kept.bytes)
    kept.release()
  }

  /** Bytes that belong to a round. */
  bytesOf(round: number): number {
    return [...this.#kept.values()].reduce((sum, kept) => sum + (kept.round === round ? kept.bytes.byteLength : 0), 0)
  }

  /** The payloads, as far as they are here, for a checkpoint. They never change. */
  save(payloads: readonly Payload[]): Readonly<Record<string, Float32Array>> {
    const vectors: Record<string, Float32Array> = {}
    for (const { sha256 } of payloads) {
      const kept = this.#kept.get(sha256)
      if (kept === undefined) continue
      kept.vector ??= asVector(kept.bytes)
      vectors[`payload/${sha256}`] = kept.vector
    }
    return vectors
  }

  restore(round: number, payloads: readonly Payload[], vectors: Readonly<Record<string, Float32Array>>): void {
    for (const { sha256, bytes } of payloads) {
      const kept = vectors[`payload/${sha256}`]
      if (kept !== undefined) this.keep(round, sha256, asBytes(kept, bytes))
    }
  }
}
