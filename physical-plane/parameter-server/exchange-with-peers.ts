// A partition as the other regions meet it: what it seals for them, what it takes in of theirs, what it says about
// itself. Sealing encodes, which takes a moment; until it is done no step is taken and nothing is applied, so that what
// was sealed is exactly what is counted as told.
import type { Parts } from '#proto/sync/strategy.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { ChangeSignal } from './change-signal.ts'
import { checkpointAfterReceiptMs, checkpointMs, incarnationsMax, refusedNamesMax } from './config.ts'
import { decodedUpdate } from './decoded-update.ts'
import type { ExchangeState } from './exchange-state.ts'
import type { Members } from './members.ts'
import type { PartitionLinks } from './partition-options.ts'
import { payloadMemory } from './peers/payload-memory.ts'
import type { PeerSide } from './peers/peer-side.ts'
import type { Layout } from './replica/layout.ts'
import { tensorAt } from './replica/layout.ts'
import type { Replica } from './replica/replica.ts'
import type { PeersView } from './rounds/peers-view.ts'
import type { Rounds } from './rounds/rounds.ts'
import type { MeasuredLink, PeerStatus } from './rounds/types.ts'
import { SteadyFigures } from './steady-figures.ts'
import { malformedFrom } from './sync/codec/malformed.ts'
import { firstNonFinite } from './sync/codec/non-finite.ts'
import { objectionTo, unexpectedInitial } from './sync/expected-update.ts'
import { draftOf, type Draft, type Update, type UpdateHeader } from './sync/update.ts'
import type { UpdateStrategy } from './sync/update-strategy.ts'

export interface ExchangeHost {
  readonly region: string
  readonly changed: ChangeSignal
  readonly replica: Replica | null
  readonly strategy: UpdateStrategy | null
  readonly failure: CloudlessError | null
  /** This region gives no more local steps and has told all of them. */
  readonly hasDrained: boolean
  readonly hasFinished: boolean
  /** What earlier attempts of this process told others is lost. */
  readonly hasForgotten: boolean
  /** Training begins with the root's values; `whose` names it. Throws where the layout is another. */
  begin(layout: Layout, values: Float32Array, whose: string): void
  /** JSON of the lease table as it is now. */
  readonly cursor: string
  requestCheckpoint(withinMs: number): void
  /** An update is on its way to the others. */
  sealed(draft: Draft): void
  /** Parameters changed. */
  touched(): void
  advance(): void
  fail(reason: string, text: string): void
}

export type ExchangeParts = {
  readonly host: ExchangeHost
  readonly links: Pick<PartitionLinks, 'clock' | 'log' | 'memory' | 'random'>
  readonly members: Members
  readonly peers: PeersView
  readonly state: ExchangeState
  readonly rounds: Rounds
  readonly parts: Parts
}

export class ExchangeWithPeers implements PeerSide {
  endpoint = ''
  readonly #parts: ExchangeParts
  readonly #incarnation: number
  readonly #measured = new Map<string, MeasuredLink>()
  readonly #figures = new SteadyFigures()
  #isSealing = false
  #isLeaving = false
  #status: PeerStatus | null = null
  #said = ''
  #revision = 0

  constructor(parts: ExchangeParts) {
    this.#parts = parts
    this.#incarnation = 1 + parts.links.random.integer(incarnationsMax)
  }

  get incarnation(): number {
    return this.#incarnation
  }

  get region(): string {
    return this.#parts.host.region
  }

  get members(): Members {
    return this.#parts.members
  }

  get changed(): ChangeSignal {
    return this.#parts.host.changed
  }

  get shelf() {
    return this.#parts.state.shelf
  }

  get isSealing(): boolean {
    return this.#isSealing
  }

  /**
   * What is to be told has no room, and the strategy does not put more steps together. Nobody waits for those who are
   * away, take a snapshot or have everything, nor for a disk.
   */
  get isCrowded(): boolean {
    const { host, parts, state } = this.#parts
    if (parts.membership !== 'independent' || parts.isOverlapped || host.strategy?.isDue(false) !== true) return false
    return !state.hasRoom && state.waitedFor.some((region) => state.outbox.isAwaitedBy(region))
  }

  get links(): readonly MeasuredLink[] {
    return [...this.#measured.values()].sort((a, b) => (a.fromRegion < b.fromRegion ? -1 : 1))
  }

  // What others hear.

  get status(): PeerStatus {
    return this.#status ?? this.refresh()
  }

  /** Says anew what has changed. Call after every change. */
  refresh(): PeerStatus {
    const content = this.#content()
    const said = JSON.stringify(content)
    if (said === this.#said && this.#status !== null) return this.#status
    this.#said = said
    this.#revision += 1
    this.#status = { ...content, incarnation: this.#incarnation, revision: this.#revision }
    return this.#status
  }

  /** The last thing that the others hear of this process: nobody waits for it, and what it told stays in its checkpoint. */
  leave(): void {
    this.#isLeaving = true
    this.refresh()
    this.changed.notify()
  }

  updateAfter(seq: number): UpdateHeader | null {
    return this.#parts.state.outbox.after(seq)
  }

  acknowledge(region: string, seq: number): void {
    const { state, host, links, peers } = this.#parts
    state.outbox.acknowledge(region, seq)
    state.rounds.delivered(state.outbox.heldBy(peers.heardPeers), links.clock.monotonicMs())
    if (state.trim()) host.requestCheckpoint(checkpointMs)
    host.advance()
  }

  sent(region: string, bytes: number): void {
    this.#parts.state.wan.sent(region, bytes)
    this.#parts.state.rounds.sent(bytes)
  }

  // What others say.

  appliedSeqOf(region: string): number {
    return this.#parts.state.versions.of(region)
  }

  durableSeqOf(region: string): number {
    return this.#parts.state.durableSeqOf(region)
  }

  called(region: string, endpoint: string): void {
    this.heard(region)
    if (this.members.called(region, endpoint)) this.#parts.host.advance()
  }

  heard(region: string): void {
    const { peers, host } = this.#parts
    const wasAway = !peers.hears(region)
    peers.heard(region)
    if (wasAway) host.advance()
  }

  statusChanged(region: string, status: PeerStatus): void {
    this.#parts.peers.statusChanged(region, status)
    this.members.replace(status.book)
    this.#parts.host.advance()
  }

  received(_region: string, bytes: number): void {
    this.#parts.state.rounds.received(bytes)
  }

  measured(measured: MeasuredLink): void {
    this.#measured.set(measured.fromRegion, measured)
  }

  refused(region: string, reason: string, text: string): void {
    const { refused } = this.#parts.state
    const own = `${reason} of ${region}`
    const name = refused.has(own) || refused.size < refusedNamesMax ? own : 'others'
    if (!refused.has(name)) this.#parts.links.log.error({ peer: region, reason }, text)
    refused.set(name, (refused.get(name) ?? 0) + 1)
  }

  objection(header: UpdateHeader): CloudlessError | null {
    const { host, members } = this.#parts
    const { region, kind, targetRegion } = header
    if (kind === 'initial') return region === members.root ? null : unexpectedInitial(region)
    const isForAnother = targetRegion !== '' && targetRegion !== this.region
    if (host.strategy === null || host.replica === null || isForAnother) return null
    return objectionTo(header, host.strategy, host.replica)
  }

  async leaveOut(region: string, seq: number, why: CloudlessError, signal: AbortSignal): Promise<void> {
    const { host, members, state } = this.#parts
    if (host.strategy === null && region === members.root && !host.hasForgotten) throw why
    while (host.strategy === null) await this.#change(signal)
    if (!state.versions.isNext(region, seq)) return
    this.refused(region, why.reason, `update ${seq} of region ${region} is left out: ${why.message}`)
    this.#took({ region, seq, cursor: '' })
  }

  /**
   * Resolves once the update is taken in; a duplicate is ignored. One that can not be used is refused and counts as taken
   * in: its region would send the same again, and the run goes on without it.
   */
  async receive(update: Update, signal: AbortSignal): Promise<void> {
    const { host, state, links, rounds } = this.#parts
    const { header } = update
    if (!state.versions.isNext(header.region, header.seq)) return
    const isSnapshotFirst = host.strategy === null && host.hasForgotten
    if (header.kind === 'initial' && !isSnapshotFirst) return this.#receiveInitial(update)
    while (host.strategy === null) await this.#change(signal)
    if (!state.versions.isNext(header.region, header.seq)) return
    const values = await this.#usable(update, host.strategy, host.replica!)
    // What is applied while a snapshot is on its way would be taken back by it.
    while (this.#isSealing || rounds.isTakingSnapshot) await this.#change(signal)
    const isNext = state.versions.isNext(header.region, header.seq)
    // After the last round nothing changes the model, not even what a region says twice that lost its disk.
    if (isNext && values !== null && !rounds.isFinished) {
      state.rounds.took(header.region, host.strategy.receive(header, values))
    }
    if (values !== null) links.memory.release(values)
    if (isNext) this.#took(header)
  }

  // What this region says in between rounds.

  /** Seals what the strategy has to tell, if it is time to. */
  sealIfDue(isLast: boolean): void {
    const { host, members, rounds, state } = this.#parts
    const { strategy } = host
    if (strategy === null || members.isAlone || this.#isSealing || rounds.isAdoptingSnapshot) return
    if (!strategy.isDue(isLast)) return
    state.trim()
    if (!state.hasRoom) return
    void this.#seal(strategy, isLast)
  }

  /** The root's first values, for everybody: before any step is told. */
  async sealInitial(layout: Layout, values: Float32Array): Promise<void> {
    const { memory } = this.#parts.links
    await this.#sealing(async () => {
      const copy = memory.allocate(values.length)
      memory.kernels.copy(copy, values)
      const bytes = new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength)
      const encoded = { bytes, codec: 'fp32', elements: copy.length } as const
      await this.#put({ ...draftOf('initial', 0), layout, encoded }, () => {})
      memory.release(copy)
    })
  }

  async #seal(strategy: UpdateStrategy, isLast: boolean): Promise<void> {
    const { memory } = this.#parts.links
    await this.#sealing(async () => {
      const draft = await strategy.prepare(isLast)
      await this.#put(draft, (seq) => strategy.sealed(seq))
      if (memory.holds(draft.encoded.bytes)) payloadMemory(memory).release(draft.encoded.bytes)
    })
  }

  /** Never rejects: what can not be sealed fails the partition. */
  async #sealing(work: () => Promise<void>): Promise<void> {
    const { host } = this.#parts
    this.#isSealing = true
    try {
      await work()
    } catch (error) {
      const isDiverged = error instanceof CloudlessError && error.reason === 'DIVERGED'
      const text = `region ${this.region} can not tell what it learnt: ${messageOf(error)}`
      host.fail(
        error instanceof CloudlessError ? error.reason : 'SEAL_FAILED',
        isDiverged ? `training diverged: ${text}; lower the learning rate` : text,
      )
    } finally {
      this.#isSealing = false
      host.advance()
    }
  }

  /** `onSealed` is called in the same moment, so that no checkpoint comes between. */
  async #put(draft: Draft, onSealed: (seq: number) => void): Promise<void> {
    const { host, links, state } = this.#parts
    const { cursor } = host
    const sha256 = await links.memory.sha256(draft.encoded.bytes)
    await links.memory.settled()
    const { seq } = state.outbox.seal(draft, sha256, cursor)
    onSealed(seq)
    state.rounds.sealed(seq, links.clock.monotonicMs())
    if (draft.kind !== 'initial') host.sealed(draft)
    host.requestCheckpoint(0)
  }

  #receiveInitial({ header, bytes }: Update): void {
    const { host, members } = this.#parts
    const { region, layout } = header
    const isFromRoot = region === members.root
    // What it begins has begun: a snapshot came first.
    if (isFromRoot && host.strategy !== null) return this.#took(header)
    if (!isFromRoot || layout === null || bytes === null) {
      const { reason, message } = unexpectedInitial(region)
      this.refused(region, reason, message)
      return this.#took(header)
    }
    const values = new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / 4)
    const wrong = firstNonFinite(values)
    if (wrong !== null) {
      // Nothing can begin without them, so they are asked for again.
      const text = `region ${region} gives ${values[wrong]} as the first value of ${tensorAt(layout, wrong)?.name ?? '?'}`
      throw new CloudlessError('invalid', 'UPDATE_NOT_FINITE', text)
    }
    host.begin(layout, values, `region ${region}`)
    this.#took(header)
  }

  /** Null where there is nothing in it for this region, and where it is refused. */
  async #usable({ header, bytes }: Update, strategy: UpdateStrategy, replica: Replica): Promise<Float32Array | null> {
    const { region, seq, kind, targetRegion } = header
    if (targetRegion !== '' && targetRegion !== this.region) return null
    try {
      return await decodedUpdate(header, bytes, { strategy, replica, memory: this.#parts.links.memory })
    } catch (error) {
      const named = malformedFrom(region, replica.layout, error)
      if (!(named instanceof CloudlessError) || named.kind !== 'invalid') throw named
      this.refused(region, named.reason, `update ${seq} (${kind}) of region ${region} is left out: ${named.message}`)
      return null
    }
  }

  #took({ region, seq, cursor }: Pick<UpdateHeader, 'region' | 'seq' | 'cursor'>): void {
    const { state, host } = this.#parts
    if (cursor !== '') state.cursors.set(region, cursor)
    state.versions.advance(region, seq)
    host.touched()
    host.requestCheckpoint(checkpointAfterReceiptMs)
    host.advance()
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { failure, changed } = this.#parts.host
    if (failure !== null) throw failure
    await changed.wait(signal)
  }

  #content(): Omit<PeerStatus, 'incarnation' | 'revision'> {
    const { host, members, peers, rounds, state } = this.#parts
    const { ownStatus } = rounds
    return {
      ...ownStatus,
      applied: ownStatus.wantsSnapshot ? state.needed : {},
      book: members.book,
      isLeaving: this.#isLeaving,
      hasBegun: host.strategy !== null,
      hasDrained: host.hasDrained && !rounds.isAboutToOffer,
      hasFinished: host.hasFinished,
      stepsPerSecond: this.#figures.say('steps per second', state.stall.stepsPerSecond),
      links: this.links.map(({ fromRegion, bytesPerSecond, roundTripMs }) => ({
        fromRegion,
        bytesPerSecond: this.#figures.say(`bytes per second from ${fromRegion}`, bytesPerSecond),
        roundTripMs: this.#figures.say(`round trip from ${fromRegion}`, roundTripMs),
      })),
      firstSeq: state.outbox.firstSeq,
      lastSeq: state.outbox.durableSeq,
      knownFinished: members.peers.filter((region) => peers.statusOf(region)?.hasFinished === true),
    }
  }
}
