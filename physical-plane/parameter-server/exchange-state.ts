// Where a partition stands with the other regions: what it sealed for them, what it has of theirs, what of both is
// durable, the models of the final round, and what went over the wire.
import { CloudlessError } from '#runtime/errors.ts'
import { outboxBytesMax, outboxUpdatesMax } from './config.ts'
import { FinalRound } from './final-round.ts'
import type { Members } from './members.ts'
import { RoundMeter, WanMeter } from './meters.ts'
import { Outbox } from './outbox.ts'
import type { PartitionState } from './partition-state.ts'
import type { Kernels } from './replica/kernels.ts'
import type { UpdateHeader } from './sync/update.ts'
import { VersionVector } from './version-vector.ts'

/** What a checkpoint makes durable. */
export type Mark = {
  readonly lastSeq: number
  readonly applied: Readonly<Record<string, number>>
  /** The partition has finished. */
  readonly hasEnded: boolean
}

type Vectors = Readonly<Record<string, Float32Array>>
type SavedExchange = Pick<PartitionState, 'applied' | 'outbox' | 'finals' | 'rounds' | 'wanBytesSent'>

export class ExchangeState {
  readonly versions: VersionVector
  readonly outbox: Outbox
  readonly finals = new FinalRound()
  readonly rounds: RoundMeter
  readonly wan: WanMeter
  readonly #members: Members
  #durable: Readonly<Record<string, number>>
  #hasEnded = false

  constructor(members: Members, state: SavedExchange | null, vectors: Vectors, monotonicMs: number) {
    this.#members = members
    this.rounds = new RoundMeter(state?.rounds ?? 0, monotonicMs)
    this.wan = new WanMeter(state?.wanBytesSent)
    this.versions = new VersionVector(state?.applied)
    this.#durable = state?.applied ?? {}
    const payloadOf = (seq: number): Float32Array => vectors[`outbox/${seq}`] ?? new Float32Array(0)
    this.outbox = state === null ? new Outbox(members.own) : Outbox.restore(members.own, state.outbox, payloadOf)
    for (const { region, mass } of state?.finals ?? []) {
      this.finals.add(region, { mass, values: vectors[`final/${region}`]! })
    }
  }

  durableSeqOf(region: string): number {
    return this.#durable[region] ?? 0
  }

  /** No crash brings training back. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** False while peers or the disk are slow: what follows goes into the same update instead of a queue. */
  get hasRoom(): boolean {
    const { count, bytes, isDirty } = this.outbox
    return !isDirty && count < outboxUpdatesMax && (count < 2 || bytes < outboxBytesMax)
  }

  /** Everybody has what this region had to say, and knows that this region has what they said. */
  get isSettled(): boolean {
    const applied = Object.entries(this.versions.entries())
    return this.outbox.count === 0 && applied.every(([region, seq]) => this.durableSeqOf(region) >= seq)
  }

  settle({ lastSeq, applied, hasEnded }: Mark): void {
    this.outbox.settle(lastSeq)
    this.trim()
    this.#durable = applied
    this.#hasEnded ||= hasEnded
  }

  /** True when something was forgotten that every live peer holds. */
  trim(): boolean {
    return this.outbox.trim(this.#members.peers)
  }

  save(hasEnded: boolean): { readonly state: SavedExchange; readonly vectors: Vectors; readonly mark: Mark } {
    const finals = this.finals.regions.map((region) => ({ region, ...this.finals.modelOf(region)! }))
    const outbox = this.outbox.snapshot()
    const applied = this.versions.entries()
    return {
      state: {
        applied,
        outbox,
        finals: finals.map(({ region, mass }) => ({ region, mass })),
        rounds: this.rounds.rounds,
        wanBytesSent: this.wan.bound(this.#members.peers, outbox.headers),
      },
      vectors: {
        ...Object.fromEntries(this.outbox.payloads().map(([seq, payload]) => [`outbox/${seq}`, payload])),
        ...Object.fromEntries(finals.map(({ region, values }) => [`final/${region}`, values])),
      },
      mark: { lastSeq: outbox.lastSeq, applied, hasEnded },
    }
  }
}

/** Throws where a peer's payload cannot be this model's, naming the peer. */
export function checkPayload(header: UpdateHeader, payload: Float32Array, elements: number, kernels: Kernels): void {
  const what = `update ${header.seq} (${header.kind}) of region ${header.region}`
  const options = { metadata: { region: header.region } }
  if (payload.length !== elements) {
    const text = `${what} has ${payload.length} elements where the model has ${elements}`
    throw new CloudlessError('conflict', 'LAYOUT_DIFFERS', text, options)
  }
  if (kernels.allFinite(payload)) return
  throw new CloudlessError('conflict', 'UPDATE_NOT_FINITE', `${what} holds NaN or infinity and is refused`, options)
}
