// Where a partition stands with the other regions: what it sealed for them, what it has of theirs, what of both is
// durable, what its last contribution was about, and what went over the wire.
import { outboxBytesMax, outboxUpdatesMax } from './config.ts'
import type { Members } from './members.ts'
import { RoundMeter, StallMeter, WanMeter } from './meters.ts'
import { Outbox } from './outbox.ts'
import type { PartitionState } from './partition-state.ts'
import { Shelf } from './peers/shelf.ts'
import type { PeersView } from './rounds/peers-view.ts'
import { VersionVector } from './version-vector.ts'

/** What a checkpoint makes durable of it. */
export type ExchangeMark = {
  readonly lastSeq: number
  readonly applied: Readonly<Record<string, number>>
  /** The partition has finished. */
  readonly hasEnded: boolean
}

type Vectors = Readonly<Record<string, Float32Array>>
type SavedExchange = Pick<
  PartitionState,
  'applied' | 'outbox' | 'rounds' | 'wanBytesSent' | 'wanBytesSentElsewhere' | 'wanMoves' | 'refused' | 'cursors'
>

export class ExchangeState {
  readonly versions: VersionVector
  readonly shelf = new Shelf()
  readonly outbox: Outbox
  readonly rounds: RoundMeter
  readonly stall = new StallMeter()
  readonly wan: WanMeter
  /** Messages of peers that were refused, by reason. */
  readonly refused: Map<string, number>
  /** Each region's position in its data as of its newest update here. */
  readonly cursors: Map<string, string>
  /**
   * Somebody whom all agree on lacks nothing: what is forgotten can always be had from there. Without, two regions could
   * each lack what only the other one has.
   */
  mayForget: () => boolean = () => false
  /** Own updates after this one are kept whoever holds them: a snapshot without them is about to take their place here. */
  keptAfterSeq: () => number = () => Number.POSITIVE_INFINITY
  readonly #members: Members
  readonly #peers: PeersView
  #durable: Readonly<Record<string, number>>
  readonly #moves: number
  #hasEnded = false

  constructor(
    members: Members,
    peers: PeersView,
    saved: { readonly state: SavedExchange; readonly vectors: Vectors } | null,
    monotonicMs: number,
    moves: number,
  ) {
    this.#members = members
    this.#peers = peers
    const state = saved?.state
    this.rounds = new RoundMeter(state?.rounds ?? 0, monotonicMs)
    // What it had sent from where it was before is not to be paid here.
    const hasMoved = state !== undefined && (state.wanMoves ?? 0) !== moves
    this.wan = new WanMeter(state?.wanBytesSent, hasMoved ? state.wanBytesSent : state?.wanBytesSentElsewhere)
    this.#moves = moves
    this.versions = new VersionVector(state?.applied)
    this.refused = new Map(Object.entries(state?.refused ?? {}))
    this.cursors = new Map(Object.entries(state?.cursors ?? {}))
    this.#durable = state?.applied ?? {}
    this.outbox =
      saved === null
        ? new Outbox(members.own, this.shelf)
        : Outbox.restore(members.own, this.shelf, saved.state.outbox, (seq) => saved.vectors[`outbox/${seq}`]!)
  }

  /** Updates by region that are nowhere but in the replica. */
  get needed(): Readonly<Record<string, number>> {
    return { ...this.versions.entries(), [this.#members.own]: this.outbox.firstSeq - 1 }
  }

  durableSeqOf(region: string): number {
    return this.#durable[region] ?? 0
  }

  /** No crash brings training back. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** False while peers or the disk are slow: what follows goes into one update, or waits, instead of a longer queue. */
  get hasRoom(): boolean {
    const { count, bytes } = this.outbox
    return count < outboxUpdatesMax && (count < 2 || bytes < outboxBytesMax)
  }

  settle({ lastSeq, applied, hasEnded }: ExchangeMark): void {
    this.outbox.settle(lastSeq)
    this.trim()
    this.#durable = applied
    this.#hasEnded ||= hasEnded
  }

  /**
   * True when something was forgotten that every live peer holds. Where there is no room left, regions that are away or
   * take a snapshot do not count as long as a majority is here: the others go on.
   */
  trim(): boolean {
    const { peers } = this.#members
    const mostSeq = this.keptAfterSeq()
    if (this.outbox.trim(peers, mostSeq)) return true
    return !this.hasRoom && this.mayForget() && this.outbox.trimForRoom(peers, this.waitedFor, mostSeq)
  }

  /** Live peers that are here and take updates in: who wants a snapshot first has what it brings. */
  get waitedFor(): readonly string[] {
    return this.#peers.heardPeers.filter((region) => this.#peers.statusOf(region)?.wantsSnapshot !== true)
  }

  /** `fixed` vectors never change. */
  save(hasEnded: boolean): { readonly state: SavedExchange; readonly fixed: Vectors; readonly mark: ExchangeMark } {
    const outbox = this.outbox.snapshot()
    const applied = this.versions.entries()
    const vectors = Object.entries(this.outbox.vectors()).map(([seq, vector]) => [`outbox/${seq}`, vector] as const)
    return {
      state: {
        applied,
        outbox,
        rounds: this.rounds.rounds,
        wanBytesSent: this.wan.bound(this.#members.peers, this.shelf.bytes),
        wanBytesSentElsewhere: this.wan.elsewhere,
        wanMoves: this.#moves,
        refused: Object.fromEntries(this.refused),
        cursors: Object.fromEntries(this.cursors),
      },
      fixed: Object.fromEntries(vectors),
      mark: { lastSeq: outbox.lastSeq, applied, hasEnded },
    }
  }
}
