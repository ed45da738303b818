// Sealed updates on their way to the other regions. Numbered without gaps; offered only once a checkpoint that holds
// them is durable; forgotten when every live peer has said that they are in its own durable checkpoint. So whatever dies,
// an update that one region has seen is in the surviving history of the region that made it. Who was away for so long
// that what it needs is forgotten takes a snapshot.
import { assert } from '#runtime/assert.ts'
import type { Shelf } from './peers/shelf.ts'
import type { Payload } from './rounds/types.ts'
import { asBytes, asVector } from './rounds/bytes.ts'
import type { Draft, UpdateHeader } from './sync/update.ts'

type SealedHeader = UpdateHeader & { readonly payload: Payload }

export type OutboxSnapshot = {
  readonly lastSeq: number
  readonly headers: readonly SealedHeader[]
  readonly acknowledged: Readonly<Record<string, number>>
}

/** The vector is what a checkpoint keeps: the payload, filled up to whole elements. */
type Held = { readonly header: SealedHeader; readonly vector: Float32Array }

export class Outbox {
  readonly #region: string
  readonly #shelf: Shelf
  #updates: Held[] = []
  #lastSeq = 0
  #durableSeq = 0
  readonly #acknowledged = new Map<string, number>()

  constructor(region: string, shelf: Shelf) {
    this.#region = region
    this.#shelf = shelf
  }

  /** An outbox as a durable checkpoint holds it. */
  static restore(
    region: string,
    shelf: Shelf,
    snapshot: OutboxSnapshot,
    vectorOf: (seq: number) => Float32Array,
  ): Outbox {
    const outbox = new Outbox(region, shelf)
    for (const header of snapshot.headers) outbox.#hold(header, vectorOf(header.seq))
    outbox.#lastSeq = snapshot.lastSeq
    outbox.#durableSeq = snapshot.lastSeq
    for (const [peer, seq] of Object.entries(snapshot.acknowledged)) outbox.#acknowledged.set(peer, seq)
    return outbox
  }

  get firstSeq(): number {
    return this.#updates[0]?.header.seq ?? this.#lastSeq + 1
  }

  /** Of all that were sealed. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Of those that others may know of. */
  get durableSeq(): number {
    return this.#durableSeq
  }

  /** Something sealed is not in a durable checkpoint yet. */
  get isDirty(): boolean {
    return this.#durableSeq < this.#lastSeq
  }

  get count(): number {
    return this.#updates.length
  }

  get bytes(): number {
    return this.#updates.reduce((sum, { header }) => sum + header.payload.bytes, 0)
  }

  /** Copies the draft's bytes. */
  seal({ encoded, ...draft }: Draft, sha256: string, cursor: string): UpdateHeader {
    this.#lastSeq += 1
    const { bytes, codec, elements } = encoded
    const payload = { sha256, bytes: bytes.byteLength, codec, elements }
    const header = { ...draft, region: this.#region, seq: this.#lastSeq, payload, cursor }
    this.#hold(header, asVector(bytes))
    return header
  }

  /** Everything up to `seq` is in a durable checkpoint. */
  settle(seq: number): void {
    assert(seq <= this.#lastSeq, `a checkpoint holds update ${seq} of ${this.#lastSeq}`)
    this.#durableSeq = Math.max(this.#durableSeq, seq)
  }

  /** The header of the update after `seq`; null while there is none that may be sent, or it is forgotten. */
  after(seq: number): UpdateHeader | null {
    if (seq >= this.#durableSeq) return null
    return this.#updates.find(({ header }) => header.seq === seq + 1)?.header ?? null
  }

  /** The peer's durable checkpoint holds everything up to `seq`. */
  acknowledge(peer: string, seq: number): void {
    this.#acknowledged.set(peer, Math.max(Math.min(seq, this.#durableSeq), this.#acknowledgedBy(peer)))
  }

  /** All of `peers` hold everything up to it durably, as does this region. */
  heldBy(peers: readonly string[]): number {
    return peers.reduce((least, peer) => Math.min(least, this.#acknowledgedBy(peer)), this.#durableSeq)
  }

  /** Something that may be sent is not in the peer's durable checkpoint, as far as is known. */
  isAwaitedBy(peer: string): boolean {
    return this.#acknowledgedBy(peer) < this.#durableSeq
  }

  /** Forgets what all of `peers` hold, up to `mostSeq`; true when something was forgotten. */
  trim(peers: readonly string[], mostSeq = Number.POSITIVE_INFINITY): boolean {
    return this.#forgetTo(Math.min(this.heldBy(peers), mostSeq))
  }

  #forgetTo(held: number): boolean {
    const forgotten = this.#updates.filter(({ header }) => header.seq <= held)
    for (const { header, vector } of forgotten) {
      this.#shelf.remove(header.payload.sha256, asBytes(vector, header.payload.bytes))
    }
    this.#updates = this.#updates.filter(({ header }) => header.seq > held)
    return forgotten.length > 0
  }

  /**
   * Forgets the same, and what a majority of the live regions and all of `waitedFor` hold: whoever else needs it can have
   * it from a snapshot of theirs. Two halves that do not hear each other both keep what the other one lacks.
   */
  trimForRoom(peers: readonly string[], waitedFor: readonly string[], mostSeq = Number.POSITIVE_INFINITY): boolean {
    let held = Math.min(this.#durableSeq, mostSeq)
    for (const peer of waitedFor) held = Math.min(held, this.#acknowledgedBy(peer))
    const acknowledged = peers.map((peer) => this.#acknowledgedBy(peer)).sort((a, b) => b - a)
    // With this region, so many peers make more than half of all.
    const others = Math.floor((peers.length + 1) / 2)
    return this.#forgetTo(others === 0 ? held : Math.min(held, acknowledged[others - 1]!))
  }

  /** A snapshot of others says that they know of updates up to `seq`, which a lost disk forgot. */
  continueAfter(seq: number): void {
    if (seq <= this.#lastSeq) return
    this.trim([])
    this.#lastSeq = seq
    this.#durableSeq = seq
  }

  /** Updates after `seq` with their bytes. */
  since(seq: number): readonly { readonly header: UpdateHeader; readonly bytes: Uint8Array }[] {
    return this.#updates.flatMap(({ header, vector }) =>
      header.seq > seq ? [{ header, bytes: asBytes(vector, header.payload.bytes) }] : [],
    )
  }

  snapshot(): OutboxSnapshot {
    return {
      lastSeq: this.#lastSeq,
      headers: this.#updates.map(({ header }) => header),
      acknowledged: Object.fromEntries([...this.#acknowledged].sort(([a], [b]) => (a < b ? -1 : 1))),
    }
  }

  /** Payloads by seq; they never change. */
  vectors(): Readonly<Record<number, Float32Array>> {
    return Object.fromEntries(this.#updates.map(({ header, vector }) => [header.seq, vector] as const))
  }

  #acknowledgedBy(peer: string): number {
    return this.#acknowledged.get(peer) ?? 0
  }

  #hold(header: SealedHeader, vector: Float32Array): void {
    this.#updates.push({ header, vector })
    this.#shelf.put(header.payload.sha256, asBytes(vector, header.payload.bytes))
  }
}
