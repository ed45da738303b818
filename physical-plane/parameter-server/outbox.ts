// Sealed updates on their way to the other regions. Numbered without gaps; offered only once a checkpoint that holds
// them is durable; forgotten when every live peer has said that they are in its own durable checkpoint. So whatever dies,
// an update that one region has seen is in the surviving history of the region that made it.
import { createHash } from 'node:crypto'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Draft, Update, UpdateHeader } from './sync/update.ts'

export type OutboxSnapshot = {
  readonly lastSeq: number
  readonly headers: readonly UpdateHeader[]
  readonly acknowledged: Readonly<Record<string, number>>
}

export class Outbox {
  readonly #region: string
  #updates: Update[] = []
  #lastSeq = 0
  #durableSeq = 0
  readonly #acknowledged = new Map<string, number>()

  constructor(region: string) {
    this.#region = region
  }

  /** An outbox as a durable checkpoint holds it. */
  static restore(region: string, snapshot: OutboxSnapshot, payloadOf: (seq: number) => Float32Array): Outbox {
    const outbox = new Outbox(region)
    outbox.#updates = snapshot.headers.map((header) => ({ header, payload: payloadOf(header.seq) }))
    outbox.#lastSeq = snapshot.lastSeq
    outbox.#durableSeq = snapshot.lastSeq
    for (const [peer, seq] of Object.entries(snapshot.acknowledged)) outbox.#acknowledged.set(peer, seq)
    return outbox
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Something sealed is not in a durable checkpoint yet. */
  get isDirty(): boolean {
    return this.#durableSeq < this.#lastSeq
  }

  get count(): number {
    return this.#updates.length
  }

  get bytes(): number {
    return this.#updates.reduce((sum, { header }) => sum + header.payloadBytes, 0)
  }

  seal(draft: Draft): UpdateHeader {
    const { payload, ...rest } = draft
    this.#lastSeq += 1
    const payloadSha256 = payload.length === 0 ? '' : sha256Of(payload)
    const header = {
      ...rest,
      region: this.#region,
      seq: this.#lastSeq,
      payloadBytes: payload.byteLength,
      payloadSha256,
    }
    this.#updates.push({ header, payload })
    return header
  }

  /** Everything up to `seq` is in a durable checkpoint. */
  settle(seq: number): void {
    assert(seq <= this.#lastSeq, `a checkpoint holds update ${seq} of ${this.#lastSeq}`)
    this.#durableSeq = Math.max(this.#durableSeq, seq)
  }

  /** The update after `seq` if it may be sent; null when there is none yet. */
  after(seq: number): Update | null {
    if (seq > this.#lastSeq) {
      const text = `region ${this.#region} is at update ${this.#lastSeq}, but was asked for those after ${seq}: it lost its state`
      throw new CloudlessError('conflict', 'UPDATES_AHEAD', text, { metadata: { region: this.#region } })
    }
    if (seq >= this.#durableSeq) return null
    const update = this.#updates.find(({ header }) => header.seq === seq + 1)
    if (update !== undefined) return update
    const text = `region ${this.#region} no longer holds update ${seq + 1}: every region it waited for had it`
    throw new CloudlessError('conflict', 'UPDATES_FORGOTTEN', text, { metadata: { region: this.#region } })
  }

  /** The peer's durable checkpoint holds everything up to `seq`. */
  acknowledge(peer: string, seq: number): void {
    if (seq > this.#durableSeq) {
      const text = `region ${peer} acknowledges update ${seq} of ${this.#region}, which has sealed ${this.#durableSeq}`
      throw new CloudlessError('conflict', 'UPDATES_AHEAD', text, { metadata: { region: peer } })
    }
    this.#acknowledged.set(peer, Math.max(seq, this.acknowledgedBy(peer)))
  }

  acknowledgedBy(peer: string): number {
    return this.#acknowledged.get(peer) ?? 0
  }

  /** Forgets what all of `peers` hold; true when something was forgotten. */
  trim(peers: readonly string[]): boolean {
    const held = peers.reduce((least, peer) => Math.min(least, this.acknowledgedBy(peer)), this.#durableSeq)
    const before = this.#updates.length
    this.#updates = this.#updates.filter(({ header }) => header.seq > held)
    return this.#updates.length < before
  }

  snapshot(): OutboxSnapshot {
    return {
      lastSeq: this.#lastSeq,
      headers: this.#updates.map(({ header }) => header),
      acknowledged: Object.fromEntries([...this.#acknowledged].sort(([a], [b]) => (a < b ? -1 : 1))),
    }
  }

  /** Payloads by seq; they never change. */
  payloads(): readonly (readonly [number, Float32Array])[] {
    return this.#updates.map(({ header, payload }) => [header.seq, payload])
  }
}

export function sha256Of(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return createHash('sha256').update(bytes).digest('hex')
}
