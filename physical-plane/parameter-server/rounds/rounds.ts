// Rounds of one region: it offers what it has learnt, helps to decide what becomes of it, and applies what was decided.
//   local steps -> contribution, durable, offered -> the hub fetches them, closes the round and proposes the result
//   -> every region fetches that, holds it durably and says so -> with a majority it is committed and applied everywhere
// Every rule looks at the state as it is now, so what crashed or was cut off goes on from where it stands. Strategies
// without rounds have one, the last.
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import type { Members } from '../members.ts'
import { prefixed, unprefixed, type Vectors } from '../partition-state.ts'
import type { Replica } from '../replica/replica.ts'
import { outerRates } from '../sync/apply/outer-rates.ts'
import type { RoundRule } from '../sync/apply/apply-result.ts'
import { Agreement, firstState, isMajority, type AgreementState } from './agreement.ts'
import { Arrivals } from './arrivals.ts'
import { Closer, closingOf, type Closing } from './closer.ts'
import { recentBytesMax, recentRoundsForSnapshotMax, recentRoundsMax } from './config.ts'
import type { RoundsHost, RoundsLinks } from './host.ts'
import { firstOfferState, nextExchange, Offer, type Exchange, type OfferState } from './offer.ts'
import { PayloadSource } from './payload-source.ts'
import { Payloads } from './payloads.ts'
import type { PeersView } from './peers-view.ts'
import { firstPlan, nextPlan } from './plan.ts'
import { SharedParameters } from './shared-parameters.ts'
import { fetchSnapshot, Snapshots } from './snapshots.ts'
import { Tasks } from './tasks.ts'
import type { MeasuredLink, Payload, PeerStatus, Proposal, RoundPlan, StateSnapshot } from './types.ts'

/** Common to all regions as of the newest round: what a snapshot tells beside vectors. */
type Common = {
  readonly plan: RoundPlan | null
  readonly included: Readonly<Record<string, number>>
  readonly cursors: Readonly<Record<string, string>>
  readonly isFinished: boolean
}

export type RoundsState = {
  readonly agreement: AgreementState
  readonly common: Common
  readonly commits: readonly number[]
  readonly offer: OfferState
}

/** What a checkpoint makes durable. */
export type RoundsMark = { readonly agreement: AgreementState; readonly offeredId: number }

export type RoundsParts = {
  readonly settings: SyncSettings
  readonly parts: Parts
  readonly members: Members
  readonly peers: PeersView
  readonly host: RoundsHost
  readonly links: RoundsLinks
  /** Links into this region as measured. */
  readonly ownLinks: () => readonly MeasuredLink[]
}

type Training = { readonly replica: Replica; readonly shared: SharedParameters; readonly plan: RoundPlan }

export class Rounds {
  readonly #parts: RoundsParts
  readonly #agreement: Agreement
  readonly #arrivals: Arrivals
  readonly #payloads: Payloads
  readonly #source: PayloadSource
  readonly #tasks: Tasks
  readonly #offer: Offer
  readonly #closer: Closer
  readonly #snapshots: Snapshots
  #common: Common
  #shared: SharedParameters | null = null
  #recent: readonly Proposal[] = []
  #graceAtMs = Number.POSITIVE_INFINITY
  /** Its result can not be had any more. */
  #lostRound = 0
  readonly #useless = new Set<string>()

  constructor(parts: RoundsParts, saved: RoundsState | null) {
    const { links, host, settings } = parts
    const { clock, log, memory, shelf } = links
    this.#parts = parts
    this.#common = saved?.common ?? { plan: null, included: {}, cursors: {}, isFinished: false }
    this.#agreement = new Agreement(host.region, saved?.agreement ?? firstState, clock.monotonicMs())
    this.#arrivals = new Arrivals(memory)
    this.#payloads = new Payloads(shelf)
    const refused = (region: string, reason: string, text: string): void => host.refused(region, reason, text)
    this.#source = new PayloadSource(this.#payloads, links, refused)
    this.#tasks = new Tasks(clock, log, () => host.advance())
    const offerParts = { settings, parts: parts.parts, host, memory, payloads: this.#payloads }
    this.#offer = new Offer(offerParts, saved?.offer ?? firstOfferState)
    this.#closer = new Closer(memory, this.#payloads, this.#arrivals)
    this.#snapshots = new Snapshots(memory, shelf, clock)
  }

  // What others hear, and what people see.

  get ownStatus(): Pick<
    PeerStatus,
    | keyof Agreement['published']
    | 'committedRound'
    | 'committedTerm'
    | 'recent'
    | 'contribution'
    | 'snapshot'
    | 'wantsSnapshot'
  > {
    const { committedRound, committedTerm } = this.#agreement.state
    return {
      ...this.#agreement.published,
      committedRound,
      committedTerm,
      recent: this.#recent,
      contribution: this.#offer.published,
      snapshot: this.#snapshots.offered,
      wantsSnapshot: this.#wantsSnapshot,
    }
  }

  get plan(): RoundPlan | null {
    return this.#common.plan
  }

  get term(): number {
    return this.#agreement.state.term
  }

  get hub(): string | null {
    return this.#agreement.hub(this.#parts.peers.view())
  }

  get committedRound(): number {
    return this.#agreement.state.committedRound
  }

  get late(): { readonly carried: number; readonly dropped: number } {
    return this.#offer.late
  }

  /** The last round is committed: the replica is everybody's. */
  get isFinished(): boolean {
    return this.#common.isFinished
  }

  // Training.

  /** The replica has its first values. */
  start(replica: Replica): void {
    const shared = this.#createShared(replica)
    shared.start()
    this.#begin(replica)
  }

  stepped(samples: number): void {
    this.#offer.stepped(samples)
  }

  /**
   * Local steps wait for the round, from when the contribution to it is due: not where it overlaps with them, not for
   * longer than the grace, not for nobody.
   */
  get isBlocked(): boolean {
    const { parts, settings, peers, members, links } = this.#parts
    if (parts.isOverlapped || parts.membership !== 'rounds') return false
    if (this.#offer.isMaking) return true
    if (!isMajority([...peers.expectedPeers, members.own], members.live)) return false
    const { pending } = this.#offer
    return pending === null ? this.#isOfferDue : links.clock.monotonicMs() < pending.madeAtMs + settings.graceMaxMs
  }

  /** Something that is no step any more, but told to nobody yet, is on its way: who counts contributions waits for it. */
  get isAboutToOffer(): boolean {
    const { pending, published, isMaking } = this.#offer
    if (this.isFinished || this.#common.plan?.isFinalNext === true) return false
    return isMaking || (pending === null ? this.#isOfferDue : published === null)
  }

  /** When something follows though nothing changes; infinity when nothing does. What time has already brought is done. */
  get nextAtMs(): number {
    const { peers, settings, links } = this.#parts
    const { pending } = this.#offer
    const nowMs = links.clock.monotonicMs()
    const times = [
      pending === null ? Number.POSITIVE_INFINITY : pending.madeAtMs + settings.graceMaxMs,
      this.#agreement.isHub ? Number.POSITIVE_INFINITY : this.#agreement.nextAtMs(peers.view()),
      this.#graceAtMs,
      peers.nextSilenceAtMs,
      this.#tasks.nextAtMs,
      this.#snapshots.nextAtMs,
    ]
    return Math.min(...times.filter((atMs) => atMs > nowMs), Number.POSITIVE_INFINITY)
  }

  /** Draws every consequence of the state that can be drawn now, and starts what takes time. */
  advance(): boolean {
    const { peers, host } = this.#parts
    let hasChanged = false
    // Who has nothing yet may have had something, and promised: it votes once it knows.
    if (this.#shared !== null) while (this.#agreement.advance(peers.view())) hasChanged = true
    if (!this.#agreement.isDurable) host.requestCheckpoint(0)
    if (this.#snapshots.expire()) hasChanged = true
    this.#serveSnapshots()
    this.#takeSnapshot()
    const steps = [
      (training: Training) => this.#commitNext(training),
      (training: Training) => this.#acceptNext(training),
      (training: Training) => this.#fetchContributions(training),
      (training: Training) => this.#closeNext(training),
      (training: Training) => this.#offerNext(training),
    ]
    // Each step may change what the next one sees: a commit brings another plan.
    for (const step of steps) {
      const training = this.#training
      if (training !== null && !this.isFinished) step(training)
    }
    return hasChanged
  }

  stop(): void {
    this.#tasks.stop()
    this.#snapshots.stop()
  }

  // What survives.

  /** `living` vectors go on changing, `fixed` ones never do. */
  save(): {
    readonly state: RoundsState
    readonly living: Vectors
    readonly fixed: Vectors
    readonly mark: RoundsMark
  } {
    const { accepted } = this.#agreement.state
    const { pending } = this.#offer
    const offer = this.#offer.save()
    const living: Record<string, Float32Array> = { ...prefixed('offer/', offer.vectors) }
    if (this.#shared !== null) Object.assign(living, prefixed('shared/', this.#shared.vectors()))
    if (this.#closer.residual !== null) living['hub-residual'] = this.#closer.residual
    const payloads = [
      ...(accepted === null ? [] : payloadsOf(accepted)),
      ...(pending === null ? [] : [pending.contribution.payload]),
    ]
    return {
      state: {
        agreement: this.#agreement.state,
        common: this.#common,
        commits: this.#shared?.commits ?? [],
        offer: offer.state,
      },
      living,
      fixed: this.#payloads.save(payloads),
      mark: { agreement: this.#agreement.state, offeredId: offer.pendingId },
    }
  }

  settle({ agreement, offeredId }: RoundsMark): void {
    this.#agreement.settle(agreement)
    if (this.#offer.settle(offeredId))
      this.#arrivals.noted(this.#parts.host.region, this.#parts.links.clock.monotonicMs())
  }

  /** Goes on from a checkpoint; the replica has been restored. */
  restore({ agreement, commits, offer }: RoundsState, vectors: Vectors, replica: Replica): void {
    const shared = this.#createShared(replica)
    shared.restore(unprefixed('shared/', vectors), commits)
    this.#begin(replica)
    if (vectors['hub-residual'] !== undefined) this.#closer.restoreResidual(vectors['hub-residual'])
    const { accepted, committedRound } = agreement
    const payloads = [
      ...(accepted === null ? [] : payloadsOf(accepted)),
      ...(offer.pending === null ? [] : [offer.pending.contribution.payload]),
    ]
    this.#payloads.restore(committedRound + 1, payloads, vectors)
    this.#offer.restore(offer, unprefixed('offer/', vectors), replica, shared, this.#parts.links.clock.monotonicMs())
  }

  get #training(): Training | null {
    const { replica } = this.#parts.host
    const { plan } = this.#common
    return replica === null || this.#shared === null || plan === null ? null : { replica, shared: this.#shared, plan }
  }

  #createShared(replica: Replica): SharedParameters {
    this.#shared = new SharedParameters(this.#rule, replica, this.#parts.links.memory)
    return this.#shared
  }

  #begin(replica: Replica): void {
    const { settings, parts, members } = this.#parts
    const plan = this.#common.plan ?? firstPlan(settings, parts, members.all, replica.elementCount)
    this.#common = { ...this.#common, plan }
  }

  /** Where regions meet only at the end, they average their models. */
  get #rule(): RoundRule {
    const { apply } = this.#parts.parts
    return apply === 'add' || apply === 'mass-mean' ? 'mean' : apply
  }

  #exchange({ plan }: Training): Exchange {
    return nextExchange(plan, this.#agreement.state.committedRound, this.#parts.parts)
  }

  get #isOfferDue(): boolean {
    const training = this.#training
    if (training === null || this.isFinished) return false
    return this.#offer.isDue(this.#exchange(training), training.plan.intervals[this.#parts.host.region] ?? 1)
  }

  /** Two regions swap contributions; more of them meet at the hub. */
  get #isPairwise(): boolean {
    return this.#parts.members.all.length <= 2
  }

  // This region's contribution.

  #offerNext(training: Training): void {
    const { host, links } = this.#parts
    const exchange = this.#exchange(training)
    if (this.#agreement.state.committedRound === 0 && !this.#isAnybodyHeard) return
    if (!this.#isOfferDue) return
    const isOpen = (): boolean => this.#agreement.state.committedRound + 1 === exchange.round
    this.#tasks.start('offer', () =>
      this.#offer.make(exchange, training.plan, training, { nowMs: links.clock.monotonicMs(), isOpen }),
    )
  }

  /** Others' contributions, where this region is to reduce them. */
  #fetchContributions(training: Training): void {
    const { peers, members, host } = this.#parts
    if (!this.#agreement.isHub && !this.#isPairwise) return
    const exchange = this.#exchange(training)
    const { elements } = training.shared.cut(exchange.fragments, exchange.fragment)
    for (const region of members.peers) {
      const contribution = peers.statusOf(region)?.contribution ?? null
      if (contribution === null || contribution.round !== exchange.round) continue
      const name = `contribution ${contribution.id} of ${region}`
      if (this.#arrivals.has(region, contribution) || this.#useless.has(name)) continue
      this.#tasks.start(`fetch ${name}`, async (signal) => {
        const { payload } = contribution
        const wanted = {
          region,
          payload,
          round: exchange.round,
          elements,
          codec: exchange.codec,
          density: training.plan.density,
        }
        try {
          const decoded = await this.#source.decoded(wanted, signal)
          if (this.#agreement.state.committedRound + 1 !== exchange.round) return this.#release(decoded)
          this.#arrivals.add(region, { contribution, decoded }, this.#parts.links.clock.monotonicMs())
          host.advance()
        } catch (error) {
          // The same bytes would be refused again; the round goes on without them.
          if (error instanceof CloudlessError && error.kind === 'invalid') this.#useless.add(name)
          else throw error
        }
      })
    }
  }

  // Closing, accepting, committing.

  #closeNext(training: Training): void {
    this.#graceAtMs = Number.POSITIVE_INFINITY
    if (!this.#agreement.isHub || this.#agreement.proposed !== null || this.#tasks.isRunning('close')) return
    const { host, members, peers, settings, links } = this.#parts
    const exchange = this.#exchange(training)
    const { closing, nextAtMs } = closingOf({
      own: host.region,
      live: members.live,
      pruned: members.all.filter((region) => !members.live.includes(region)),
      peers,
      arrivals: this.#arrivals,
      ownOffer: this.#offer.published,
      hasDrained: host.hasDrained && !this.isAboutToOffer && this.#offer.pending === null,
      isFinal: exchange.isFinal,
      settings,
      nowMs: links.clock.monotonicMs(),
    })
    this.#graceAtMs = nextAtMs
    if (closing !== null) this.#close(training, exchange, closing)
    // Nobody has anything left to say but the end.
    else if (!exchange.isFinal && this.#haveAllDrained && this.#hasNobodyAnOffer)
      this.#close(training, exchange, { members: [], absent: {} })
  }

  #close(training: Training, exchange: Exchange, closing: Closing): void {
    const { host, members, parts } = this.#parts
    const { term } = this.#agreement.state
    const { pending } = this.#offer
    this.#tasks.start('close', async () => {
      const proposal = await this.#closer.propose(
        {
          own: host.region,
          term,
          bookEpoch: members.book.epoch,
          exchange,
          plan: training.plan,
          nextPlan: this.#nextPlan(training),
          cut: training.shared.cut(exchange.fragments, exchange.fragment),
          closing,
          ownOffer: pending,
          isPairwise: this.#isPairwise,
          isLossy: parts.codec === 'error-feedback' && parts.membership === 'rounds',
        },
        training.shared,
        training.replica.elementCount,
      )
      const { state, isHub, proposed } = this.#agreement
      if (!isHub || proposed !== null || state.term !== term || state.committedRound + 1 !== exchange.round) return
      this.#agreement.propose(proposal)
      host.requestCheckpoint(0)
    })
  }

  #acceptNext(training: Training): void {
    const { peers, host } = this.#parts
    const proposal = this.#agreement.toAccept(peers.view())
    if (proposal === null) return
    this.#tasks.start(`accept ${proposal.term}/${proposal.round}`, async (signal) => {
      for (const { region, payload } of sourcesOf(proposal)) {
        const vector = await this.#decode(training, proposal, [...new Set([region, proposal.hub])], payload, signal)
        this.#release(vector)
      }
      if (this.#agreement.accept(proposal)) host.requestCheckpoint(0)
    })
  }

  #commitNext(training: Training): void {
    const { peers, host } = this.#parts
    const decided = this.#agreement.toCommit(peers.view())
    if (decided === null || this.#lostRound === decided.proposal.round) return
    const { proposal, from } = decided
    this.#tasks.start(`commit ${proposal.round}`, async (signal) => {
      const result = proposal.members.length === 0 ? null : await this.#resultOf(training, proposal, from, signal)
      if (this.#agreement.state.committedRound + 1 === proposal.round) this.#apply(training, proposal, result)
      if (result !== null) this.#release(result)
      host.advance()
    })
  }

  async #resultOf(
    training: Training,
    proposal: Proposal,
    from: string,
    signal: AbortSignal,
  ): Promise<Float32Array | null> {
    const decode = (region: string, payload: Payload): Promise<Float32Array> =>
      this.#decode(training, proposal, [...new Set([from, region])], payload, signal)
    try {
      if (proposal.result !== null) return await decode(proposal.hub, proposal.result)
      const { codec, fragments } = this.#exchange(training)
      const { elements } = training.shared.cut(fragments, proposal.fragment)
      assert(codec === proposal.members[0]?.payload.codec, `round ${proposal.round} was made in another codec`)
      const decodedOf = async ({ region, payload }: { readonly region: string; readonly payload: Payload }) => {
        const values = await decode(region, payload)
        return { values, release: () => this.#release(values) }
      }
      return await this.#closer.mean(proposal.members, decodedOf, elements)
    } catch (error) {
      // Nobody who is heard holds it any more: a snapshot has it in.
      if (error instanceof CloudlessError && error.kind === 'not-found') this.#lostRound = proposal.round
      throw error
    }
  }

  /** Tries the regions in turn. */
  async #decode(
    training: Training,
    proposal: Proposal,
    regions: readonly string[],
    payload: Payload,
    signal: AbortSignal,
  ): Promise<Float32Array> {
    const { codec, fragments } = this.#exchange(training)
    const { elements } = training.shared.cut(fragments, proposal.fragment)
    const wanted = { payload, round: proposal.round, elements, codec, density: training.plan.density }
    for (const region of regions.slice(0, -1)) {
      try {
        return await this.#source.decoded({ ...wanted, region }, signal)
      } catch (error) {
        if (!(error instanceof CloudlessError) || error.kind !== 'not-found') throw error
      }
    }
    return this.#source.decoded({ ...wanted, region: regions.at(-1)! }, signal)
  }

  /** All at once: nobody sees a state in between. */
  #apply(training: Training, proposal: Proposal, result: Float32Array | null): void {
    const { host, settings, links } = this.#parts
    const { replica, shared, plan } = training
    const exchange = this.#exchange(training)
    const { pending } = this.#offer
    let isMember = false
    if (result === null) this.#offer.missed()
    else {
      const cut = shared.cut(exchange.fragments, exchange.fragment)
      const before = shared.gather(shared.values, cut)
      // The last round takes what is left as it is: no later one would let a momentum play itself out.
      const isLastDelta = exchange.isFinal && this.#rule !== 'mean'
      const step = isLastDelta ? { learningRate: 1, momentum: 0 } : outerRates(settings, replica.layout.optimiser.kind)
      const rule = isLastDelta ? 'sparse-mean' : this.#rule
      shared.apply(rule, result, cut, exchange.fragment, { ...step, delay: settings.outerDelay })
      const isForgotten = this.#offer.isForgotten(proposal)
      isMember = this.#offer.committed(proposal, exchange, cut, before, replica, shared) || isForgotten
      if (isForgotten) this.#offer.replaced(replica, shared)
      links.memory.release(before)
      if (isForgotten) host.resume(proposal.members.find(({ region }) => region === host.region)!.cursor)
      this.#closer.committed(proposal, shared)
    }
    this.#common = {
      plan: proposal.plan,
      included: {
        ...this.#common.included,
        ...Object.fromEntries(proposal.members.map(({ region, contributionId }) => [region, contributionId])),
      },
      cursors: {
        ...this.#common.cursors,
        ...Object.fromEntries(proposal.members.map(({ region, cursor }) => [region, cursor])),
      },
      isFinished: proposal.isFinal,
    }
    this.#agreement.commit(proposal)
    this.#openNext(proposal)
    host.committed({
      proposal,
      isMember,
      codec: exchange.codec,
      fragments: plan.fragments,
      steps: pending?.contribution.steps ?? 0,
      samples: pending?.contribution.samples ?? 0,
      codecError: pending?.contribution.codecError ?? 0,
      stalenessSteps: pending === null ? 0 : this.#offer.stepsSince(pending),
      stateHash: shared.hash(),
    })
    host.requestCheckpoint(0)
  }

  #openNext(proposal: Proposal): void {
    this.#useless.clear()
    this.#tasks.stop('fetch')
    this.#tasks.stop('accept')
    const { members, peers, links } = this.#parts
    const isLate = (region: string): boolean =>
      peers.hears(region) && !proposal.members.some((member) => member.region === region)
    this.#arrivals.close(members.peers.filter(isLate), links.clock.monotonicMs())
    const isKeptForSnapshot = this.#snapshots.offered !== null
    const most = isKeptForSnapshot ? recentRoundsForSnapshotMax : recentRoundsMax
    let recent = [...this.#recent, proposal].slice(-most)
    const bytes = (): number => recent.reduce((sum, { round }) => sum + this.#payloads.bytesOf(round), 0)
    while (recent.length > 1 && bytes() > recentBytesMax) recent = recent.slice(1)
    this.#recent = recent
    this.#payloads.forgetBefore(recent[0]!.round)
  }

  #nextPlan({ plan, replica }: Training): RoundPlan {
    const { members, peers, settings, parts, host, ownLinks } = this.#parts
    const stepsPerSecond: Record<string, number> = { [host.region]: host.stepsPerSecond }
    const links: Record<string, readonly MeasuredLink[]> = { [host.region]: ownLinks() }
    for (const region of members.peers) {
      const status = peers.statusOf(region)
      stepsPerSecond[region] = status?.stepsPerSecond ?? 0
      links[region] = status?.links ?? []
    }
    const measured = { regions: members.live, hub: host.region, stepsPerSecond, links }
    const next = nextPlan(settings, parts, measured, replica.elementCount, plan)
    return this.#haveAllDrained ? { ...next, isFinalNext: true } : next
  }

  get #haveAllDrained(): boolean {
    const { members, peers, host } = this.#parts
    return host.hasDrained && members.peers.every((region) => peers.statusOf(region)?.hasDrained === true)
  }

  get #hasNobodyAnOffer(): boolean {
    const { members, peers } = this.#parts
    if (this.#offer.pending !== null || this.isAboutToOffer) return false
    return members.peers.every((region) => (peers.statusOf(region)?.contribution ?? null) === null)
  }

  get #isAnybodyHeard(): boolean {
    return this.#parts.peers.heardPeers.length > 0 || this.#parts.members.peers.length === 0
  }

  // Snapshots.

  get #wantsSnapshot(): boolean {
    const { host, members, peers, parts } = this.#parts
    const others = members.peers.map((region) => peers.statusOf(region)).filter((status) => status !== null)
    if (host.replica === null) {
      const root = members.root === host.region ? null : peers.statusOf(members.root)
      const canBegin = root !== null && peers.hears(members.root) && root.firstSeq <= 1
      return !canBegin && others.some(({ hasBegun }) => hasBegun)
    }
    if (this.isFinished) return false
    if (parts.membership === 'independent' && host.isBehindUpdates) return true
    const next = this.#agreement.state.committedRound + 1
    const isAhead = others.some(({ committedRound }) => committedRound >= next)
    return isAhead && (this.#lostRound === next || this.#agreement.toCommit(peers.view()) === null)
  }

  #serveSnapshots(): void {
    const { members, peers, host } = this.#parts
    const training = this.#training
    const askers = peers.heardPeers.filter((region) => peers.statusOf(region)?.wantsSnapshot === true)
    if (training === null || askers.length === 0 || this.#wantsSnapshot) return
    const { hub } = this
    const able = [host.region, ...peers.heardPeers].filter((region) => !askers.includes(region)).sort()
    const server = hub !== null && able.includes(hub) ? hub : able[0]
    if (server !== host.region || !members.live.includes(host.region)) return
    this.#snapshots.wanted()
    const offered = this.#snapshots.offered
    const oldestKept = this.#recent[0]?.round ?? this.#agreement.state.committedRound + 1
    const isBridged = offered !== null && offered.round + 1 >= oldestKept && !this.#isIndependent
    const isFresh = offered !== null && this.#isIndependent && this.#coversUpdates(offered)
    if (!isBridged && !isFresh)
      this.#tasks.start('snapshot', () =>
        this.#snapshots.offer(this.#snapshotNow(training), this.#snapshotVectors(training)),
      )
  }

  get #isIndependent(): boolean {
    return this.#parts.parts.membership === 'independent'
  }

  /** Updates after those in the snapshot are still held by everybody, as far as this region can tell. */
  #coversUpdates({ versions }: StateSnapshot): boolean {
    const { members, peers } = this.#parts
    return members.peers.every((region) => (versions[region] ?? 0) + 1 >= (peers.statusOf(region)?.firstSeq ?? 0))
  }

  #snapshotNow({ replica, plan }: Training): Omit<StateSnapshot, 'vectors'> {
    const { committedRound, committedTerm } = this.#agreement.state
    const { included, cursors, isFinished } = this.#common
    return {
      round: committedRound,
      term: committedTerm,
      plan,
      included,
      cursors: { ...this.#parts.host.cursors(), ...cursors },
      versions: this.#parts.host.versions(),
      layout: replica.layout,
      state: { commits: this.#shared?.commits ?? [], isFinished },
    }
  }

  #snapshotVectors({ replica, shared }: Training): Vectors {
    return this.#isIndependent ? { parameters: replica.values } : shared.vectors()
  }

  #takeSnapshot(): void {
    if (!this.#wantsSnapshot) return
    const { peers, host, links } = this.#parts
    const next = this.#agreement.state.committedRound + (host.replica === null || this.#isIndependent ? 0 : 1)
    const source = peers.heardPeers.find((region) => (peers.statusOf(region)?.snapshot?.round ?? -1) >= next)
    const snapshot = source === undefined ? null : (peers.statusOf(source)?.snapshot ?? null)
    if (source === undefined || snapshot === null) return
    this.#tasks.start('take snapshot', (signal) =>
      fetchSnapshot(source, snapshot, links, signal, async (vectors) => {
        const untold = await host.untoldSince(snapshot)
        if (this.#agreement.state.committedRound <= snapshot.round) this.#adopt(snapshot, vectors, untold)
        for (const { values } of untold) this.#release(values)
      }),
    )
  }

  /** What was learnt here since the last round that this region took part in stays: it is added to the snapshot's parameters. */
  #adopt(snapshot: StateSnapshot, vectors: Vectors, untold: Awaited<ReturnType<RoundsHost['untoldSince']>>): void {
    const { host, links, settings } = this.#parts
    const isFirst = host.replica === null
    const replica = host.replica ?? host.replicaFor(snapshot)
    const shared = this.#shared ?? this.#createShared(replica)
    const { commits, isFinished } = snapshot.state as {
      readonly commits: readonly number[]
      readonly isFinished: boolean
    }
    const whole = shared.cut(1, 0)
    const before = shared.gather(shared.values, whole)
    this.#offer.rejoin(snapshot.included[host.region] ?? 0, before, shared)
    if (!this.#isIndependent) {
      shared.restore(vectors, commits)
      const isKept = !isFirst && settings.late === 'carry' && !isFinished
      if (isKept) links.memory.kernels.rebase(replica.values, shared.values, before)
      else links.memory.kernels.copy(replica.values, shared.values)
    }
    links.memory.release(before)
    this.#common = { plan: snapshot.plan, included: snapshot.included, cursors: snapshot.cursors, isFinished }
    this.#arrivals.close([], links.clock.monotonicMs())
    this.#recent = []
    this.#agreement.jump(snapshot.round, snapshot.term)
    if (isFirst && host.hasForgotten) this.#agreement.forget(this.#parts.peers.view())
    host.adopted(snapshot, vectors['parameters']!, untold)
    host.requestCheckpoint(0)
    host.advance()
  }

  #release(vector: Float32Array): void {
    this.#parts.links.memory.release(vector)
  }
}

/** Where the payloads of a proposal can be fetched. */
function sourcesOf({
  hub,
  members,
  result,
}: Proposal): readonly { readonly region: string; readonly payload: Payload }[] {
  return result === null ? members : [{ region: hub, payload: result }]
}

function payloadsOf(proposal: Proposal): readonly Payload[] {
  return sourcesOf(proposal).map(({ payload }) => payload)
}
