// Rounds of one region: it offers what it has learnt, helps to decide what becomes of it, and applies what was decided.
//   local steps -> contribution, durable, offered -> the hub fetches them, closes the round and proposes the result
//   -> every region fetches that, holds it durably and says so -> with a majority it is committed and applied everywhere
// Every rule looks at the state as it is now, so what crashed or was cut off goes on from where it stands. Strategies
// without rounds have one, the last.
import { prefixed, unprefixed, type Vectors } from '../partition-state.ts'
import type { Replica } from '../replica/replica.ts'
import { Agreement, firstState, type AgreementState } from './agreement.ts'
import { Arrivals } from './arrivals.ts'
import { Closer, type CloserState } from './closer.ts'
import { closeNext, fetchContributions } from './collecting.ts'
import { CommonState, type CommonValues } from './common-state.ts'
import {
  exchangeOf,
  isAboutToOffer,
  isOfferDue,
  payloadsOf,
  trainingOf,
  type RoundsCore,
  type RoundsParts,
  type Training,
} from './core.ts'
import { acceptNext, commitNext } from './deciding.ts'
import { HeardSources } from './heard-sources.ts'
import { firstOfferState, Offer, type OfferState } from './offer.ts'
import { PayloadSource } from './payload-source.ts'
import { Payloads } from './payloads.ts'
import { endWantsOfAll, takeSnapshot, takingSnapshot, wantsSnapshot } from './rejoining.ts'
import { serveSnapshots } from './serving-snapshots.ts'
import { SnapshotChecks } from './snapshot-checks.ts'
import { Snapshots } from './snapshots.ts'
import { Tasks } from './tasks.ts'
import type { PeerStatus, RoundPlan } from './types.ts'
import { isWaiting } from './waiting.ts'

export type RoundsState = {
  readonly agreement: AgreementState
  readonly common: CommonValues
  readonly commits: readonly number[]
  readonly offer: OfferState
  readonly hub: CloserState
}

/** What a checkpoint makes durable. */
export type RoundsMark = { readonly agreement: AgreementState; readonly offeredId: number }

type RoundsStatus = Pick<
  PeerStatus,
  | keyof Agreement['published']
  | 'follows'
  | 'committedRound'
  | 'committedTerm'
  | 'recent'
  | 'contribution'
  | 'snapshot'
  | 'wantsSnapshot'
>

export class Rounds {
  readonly #core: RoundsCore
  /** When the hub could close the open round without the late. */
  #graceAtMs = Number.POSITIVE_INFINITY

  constructor(parts: RoundsParts, saved: RoundsState | null) {
    const { links, host, settings, members } = parts
    const { clock, log, memory, shelf } = links
    const payloads = new Payloads(shelf)
    const arrivals = new Arrivals(memory)
    const heard = new HeardSources(members, parts.peers)
    const refused = (region: string, reason: string, text: string): void => host.refused(region, reason, text)
    const common = new CommonState(
      { settings, parts: parts.parts, regions: members.all, memory },
      saved?.common ?? null,
    )
    this.#core = {
      parts,
      payloads,
      arrivals,
      agreement: new Agreement(host.region, saved?.agreement ?? firstState, clock.monotonicMs()),
      source: new PayloadSource(payloads, { ...links, heard }, refused),
      tasks: new Tasks(clock, log, () => host.advance()),
      offer: new Offer({ settings, parts: parts.parts, host, memory, payloads }, saved?.offer ?? firstOfferState),
      closer: new Closer(memory, payloads, arrivals),
      snapshots: new Snapshots(memory, shelf, clock),
      snapshotChecks: new SnapshotChecks(host, common.rule),
      common,
      heard,
    }
  }

  // What others hear, and what people see.

  get ownStatus(): RoundsStatus {
    const { agreement, common, offer, snapshots } = this.#core
    const { committedRound, committedTerm } = agreement.state
    return {
      ...agreement.published,
      follows: agreement.follows(this.#core.parts.peers.view()),
      committedRound,
      committedTerm,
      recent: common.recent,
      contribution: offer.published,
      snapshot: snapshots.offered,
      wantsSnapshot: wantsSnapshot(this.#core),
    }
  }

  get plan(): RoundPlan | null {
    return this.#core.common.values.plan
  }

  get term(): number {
    return this.#core.agreement.state.term
  }

  get hub(): string | null {
    return this.#core.agreement.hub(this.#core.parts.peers.view())
  }

  /** The hub is to be heard and needs no snapshot itself. */
  get hasCompleteHub(): boolean {
    const { parts } = this.#core
    const { hub } = this
    if (hub === parts.host.region) return !wantsSnapshot(this.#core)
    return hub !== null && parts.peers.statusOf(hub)?.wantsSnapshot === false
  }

  get committedRound(): number {
    return this.#core.agreement.state.committedRound
  }

  get isTakingSnapshot(): boolean {
    return this.#core.tasks.isRunning(takingSnapshot)
  }

  /** What is told now would not be in what takes the place of everything. */
  get isAdoptingSnapshot(): boolean {
    return this.#core.snapshots.isBeingTaken
  }

  /** The updates of this region that are in the snapshot that is being taken; infinity without one. */
  get seqBeingTaken(): number {
    const { snapshots, parts } = this.#core
    return snapshots.taking === null ? Number.POSITIVE_INFINITY : (snapshots.taking.versions[parts.host.region] ?? 0)
  }

  get late(): { readonly carried: number; readonly dropped: number } {
    return this.#core.offer.late
  }

  /** The last round is committed: the replica is everybody's. */
  get isFinished(): boolean {
    return this.#core.common.values.isFinished
  }

  // Training.

  /** The replica has its first values. */
  start(replica: Replica): void {
    this.#core.common.createShared(replica).start()
    this.#core.common.begin(replica)
  }

  stepped(samples: number): void {
    this.#core.offer.stepped(samples)
  }

  /** Local steps wait: see waiting.ts. */
  get isBlocked(): boolean {
    return isWaiting(this.#core)
  }

  /** See `isAboutToOffer`. */
  get isAboutToOffer(): boolean {
    return isAboutToOffer(this.#core)
  }

  /** When something follows though nothing changes; infinity when nothing does. What time has already brought is done. */
  get nextAtMs(): number {
    const { parts, agreement, offer, tasks, snapshots } = this.#core
    const { peers, settings, links } = parts
    const { pending } = offer
    const nowMs = links.clock.monotonicMs()
    const times = [
      pending === null ? Number.POSITIVE_INFINITY : pending.madeAtMs + settings.graceMaxMs,
      agreement.isHub ? Number.POSITIVE_INFINITY : agreement.nextAtMs(peers.view()),
      this.#graceAtMs,
      peers.nextSilenceAtMs,
      tasks.nextAtMs,
      snapshots.nextAtMs,
    ]
    return Math.min(...times.filter((atMs) => atMs > nowMs), Number.POSITIVE_INFINITY)
  }

  /** Draws every consequence of the state that can be drawn now, and starts what takes time. */
  advance(): boolean {
    const core = this.#core
    const { parts, agreement, common } = core
    let hasChanged = false
    // Who has nothing yet may have had something, and promised: it votes once it knows.
    if (common.shared !== null) while (agreement.advance(parts.peers.view())) hasChanged = true
    if (!agreement.isDurable) parts.host.requestCheckpoint(0)
    if (core.snapshots.expire()) hasChanged = true
    core.heard.advance()
    endWantsOfAll(core)
    serveSnapshots(core)
    takeSnapshot(core)
    this.#graceAtMs = Number.POSITIVE_INFINITY
    const steps = [
      (training: Training) => commitNext(core, training),
      (training: Training) => acceptNext(core, training),
      (training: Training) => fetchContributions(core, training),
      (training: Training) => {
        this.#graceAtMs = closeNext(core, training)
      },
      (training: Training) => this.#offerNext(training),
    ]
    // Each step may change what the next one sees: a commit brings another plan.
    for (const step of steps) {
      const training = trainingOf(core)
      if (training !== null && !this.isFinished) step(training)
    }
    return hasChanged
  }

  stop(): void {
    this.#core.tasks.stop()
    this.#core.snapshots.stop()
  }

  // What survives.

  /** `living` vectors go on changing, `fixed` ones never do. */
  save(): {
    readonly state: RoundsState
    readonly living: Vectors
    readonly fixed: Vectors
    readonly mark: RoundsMark
  } {
    const { agreement, offer, common, closer, payloads } = this.#core
    const { accepted } = agreement.state
    const saved = offer.save()
    const living: Record<string, Float32Array> = { ...prefixed('offer/', saved.vectors) }
    if (common.shared !== null) Object.assign(living, prefixed('shared/', common.shared.vectors()))
    const hub = closer.save()
    Object.assign(living, prefixed('hub/', hub.vectors))
    const kept = [
      ...(accepted === null ? [] : payloadsOf(accepted)),
      ...(offer.pending === null ? [] : [offer.pending.contribution.payload]),
    ]
    return {
      state: {
        agreement: agreement.state,
        common: common.values,
        commits: common.shared?.commits ?? [],
        offer: saved.state,
        hub: hub.state,
      },
      living,
      fixed: payloads.save(kept),
      mark: { agreement: agreement.state, offeredId: saved.pendingId },
    }
  }

  settle(mark: RoundsMark): void {
    const { agreement, offer, arrivals, parts } = this.#core
    agreement.settle(mark.agreement, parts.links.clock.monotonicMs())
    if (offer.settle(mark.offeredId)) arrivals.noted(parts.host.region, parts.links.clock.monotonicMs())
  }

  /** Goes on from a checkpoint; the replica has been restored. */
  restore({ agreement, commits, offer, hub }: RoundsState, vectors: Vectors, replica: Replica): void {
    const { common, closer, payloads, parts } = this.#core
    const shared = common.createShared(replica)
    shared.restore(unprefixed('shared/', vectors), commits)
    common.begin(replica)
    closer.restore(hub, unprefixed('hub/', vectors))
    const { accepted, committedRound } = agreement
    const kept = [
      ...(accepted === null ? [] : payloadsOf(accepted)),
      ...(offer.pending === null ? [] : [offer.pending.contribution.payload]),
    ]
    payloads.restore(committedRound + 1, kept, vectors)
    const nowMs = parts.links.clock.monotonicMs()
    this.#core.offer.restore(offer, unprefixed('offer/', vectors), replica, shared, nowMs)
  }

  #offerNext(training: Training): void {
    const { agreement, offer, parts, tasks } = this.#core
    const { peers, members, links } = parts
    // Before the first round nobody may be there yet; what is offered to nobody only grows old.
    const isAnybodyHeard = peers.heardPeers.length > 0 || members.peers.length === 0
    if (agreement.state.committedRound === 0 && !isAnybodyHeard) return
    if (!isOfferDue(this.#core)) return
    const exchange = exchangeOf(this.#core, training)
    const isOpen = (): boolean => agreement.state.committedRound + 1 === exchange.round
    tasks.start('offer', () =>
      offer.make(exchange, training.plan, training, { nowMs: links.clock.monotonicMs(), isOpen }),
    )
  }
}
