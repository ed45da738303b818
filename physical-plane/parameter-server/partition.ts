// The part of a job in one region, without IO: replica, workers' steps, exchange with the other regions, and what of it
// is durable. Phases: starting (waiting for the first parameters: the root region takes its first worker's, the others
// fetch them) -> training -> draining (own samples used; tell the rest, close the last round) -> evaluating -> finished.
// Nothing leaves the region that is not in a durable checkpoint, and what arrives is acknowledged only from one, so after
// any crash every sample counts once and every update is applied once in the history that survives.
import { assert } from '#runtime/assert.ts'
import type { Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { ChangeSignal } from './change-signal.ts'
import { Checkpointer, type Taken } from './checkpointer.ts'
import { checkpointAfterReceiptMs, checkpointMs } from './config.ts'
import { Course } from './course.ts'
import { Evaluations } from './evaluations.ts'
import { ExchangeState, type ExchangeMark } from './exchange-state.ts'
import { ExchangeWithPeers, type ExchangeHost } from './exchange-with-peers.ts'
import { LeaseTable, type LeaseSnapshot } from './leases.ts'
import { Members, type AddressBook } from './members.ts'
import { StepMeter } from './meters.ts'
import type { PartitionLinks, PartitionOptions, PartitionProgress } from './partition-options.ts'
import {
  copiesOf,
  prefixed,
  replicaVectors,
  restoreReplica,
  stateFormat,
  stateOf,
  strategyVectors,
  unprefixed,
  type PartitionState,
  type Vectors,
} from './partition-state.ts'
import { Records } from './records.ts'
import { layoutDifference, type Layout } from './replica/layout.ts'
import { Replica } from './replica/replica.ts'
import type { RoundsHost } from './rounds/host.ts'
import { PeersView } from './rounds/peers-view.ts'
import { Rounds, type RoundsMark } from './rounds/rounds.ts'
import type { StateSnapshot } from './rounds/types.ts'
import { recordOfRound, recordOfUpdate } from './round-records.ts'
import { createStrategy } from './sync/create-strategy.ts'
import type { UpdateHeader } from './sync/update.ts'
import type { UpdateStrategy } from './sync/update-strategy.ts'
import { syncProgressOf } from './sync-progress.ts'
import { WorkerGroup, type AppliedStep, type Phase, type TrainingHost } from './worker-group.ts'
import type { JoiningWorker, LeaseAnswer, Membership, Step, StepOutcome, WorkerSide } from './worker-side.ts'

type Untold = { readonly header: UpdateHeader; readonly values: Float32Array }
type Mark = { readonly exchange: ExchangeMark; readonly rounds: RoundsMark }

export class Partition implements WorkerSide, TrainingHost {
  readonly region: string
  readonly changed = new ChangeSignal()
  readonly members: Members
  readonly records: Records
  /** What the other regions meet. */
  readonly exchange: ExchangeWithPeers
  readonly #options: PartitionOptions
  readonly #links: PartitionLinks
  readonly #peers: PeersView
  readonly #group: WorkerGroup
  readonly #checkpointer: Checkpointer<Mark>
  readonly #state: ExchangeState
  readonly #rounds: Rounds
  readonly #course: Course
  readonly #steps: StepMeter
  #replica: Replica | null = null
  #strategy: UpdateStrategy | null = null
  #initialiser: string | null = null
  #version = 0
  #timer: Timer | null = null
  #isAdvancing = false
  #isAskedAgain = false
  #isStopped = false

  /** A partition that goes on from its newest checkpoint, if there is one. */
  static async open(options: PartitionOptions, links: PartitionLinks): Promise<Partition> {
    const snapshot = await links.checkpoints.load()
    const expected = { jobId: options.jobId, region: options.region, strategyName: options.sync.strategy }
    const saved = snapshot === null ? null : { state: stateOf(snapshot, expected), vectors: snapshot.vectors }
    const partition = new Partition(options, links, saved)
    partition.advance()
    return partition
  }

  private constructor(
    options: PartitionOptions,
    links: PartitionLinks,
    saved: { readonly state: PartitionState; readonly vectors: Vectors } | null,
  ) {
    const { region, epochs, sync, parts } = options
    const state = saved?.state ?? null
    const { clock, log, memory, fetcher } = links
    this.region = region
    this.#options = options
    this.#links = links
    this.members = new Members(region, options.members)
    this.#peers = new PeersView(this.members, clock)
    this.records = new Records(state?.records)
    this.#steps = new StepMeter(state?.counts)
    this.#state = new ExchangeState(this.members, this.#peers, saved, clock.monotonicMs())
    const leases = state === null ? new LeaseTable(options) : LeaseTable.restore(options, state.leases)
    const evaluations = new Evaluations(state?.evaluations)
    const { workerMode, hasHoldout } = options
    const kept = { leases, evaluations, leasesReturned: state?.leasesReturned ?? 0 }
    this.#group = new WorkerGroup(this, { workerMode, hasHoldout, epochs }, kept, links)
    const requestCheckpoint = (withinMs: number): void => this.#checkpointer.request(withinMs)
    const onChange = (): void => this.advance()
    this.#course = new Course({
      options,
      links,
      members: this.members,
      state: this.#state,
      rounds: () => this.#rounds,
      exchange: () => this.exchange,
      group: () => this.#group,
      requestCheckpoint,
      onChange,
    })
    this.#checkpointer = new Checkpointer({
      store: links.checkpoints,
      clock,
      log,
      take: () => this.#take(),
      onDurable: (mark) => {
        this.#state.settle(mark.exchange)
        this.#rounds.settle(mark.rounds)
        this.advance()
      },
      onTaken: (error) => this.#course.fail(error.reason, messageOf(error)),
    })
    const host = this.#host()
    this.#rounds = new Rounds(
      {
        settings: sync,
        parts,
        members: this.members,
        peers: this.#peers,
        host,
        links: { clock, log, memory, fetcher, shelf: this.#state.shelf },
        ownLinks: () => this.exchange.links,
      },
      state?.roundsState ?? null,
    )
    this.exchange = new ExchangeWithPeers({
      host,
      links,
      members: this.members,
      peers: this.#peers,
      state: this.#state,
      rounds: this.#rounds,
      parts,
    })
    if (saved !== null) this.#restore(saved.state, saved.vectors)
  }

  get replica(): Replica | null {
    return this.#replica
  }

  get version(): number {
    return this.#version
  }

  get phase(): Phase {
    return this.#course.phase
  }

  get hasEnded(): boolean {
    return this.#state.hasEnded
  }

  get failure(): CloudlessError | null {
    return this.#course.failure
  }

  get isOver(): boolean {
    return this.#course.isDrainRequested
  }

  get isBlocked(): boolean {
    const { exchange } = this
    return !this.members.isAlone && (exchange.isSealing || exchange.isCrowded || this.#rounds.isBlocked)
  }

  // Workers.

  join(worker: JoiningWorker): Membership {
    if (this.failure !== null) throw this.failure
    this.#adopt(worker.layout, `worker ${worker.instanceId}`)
    const evaluates = this.#group.join(worker)
    const hasParameters = this.#strategy !== null
    const wantsInitial = !hasParameters && this.#mayGiveFirst && this.#initialiser === null
    if (wantsInitial) this.#initialiser = worker.workerId
    return { hasParameters, wantsInitial, evaluates }
  }

  initialise(workerId: string, values: Float32Array): void {
    if (this.#strategy !== null) return
    const replica = this.#replica
    if (workerId !== this.#initialiser || replica === null) {
      throw new CloudlessError('conflict', 'NOT_ASKED', `worker ${workerId} was not asked for the first parameters`)
    }
    if (values.length !== replica.elementCount) {
      const text = `the first parameters of worker ${workerId} are ${values.length} of ${replica.elementCount} numbers`
      throw new CloudlessError('invalid', 'INVALID_PARAMETERS', text)
    }
    this.#begin(replica, values)
    if (!this.members.isAlone) void this.exchange.sealInitial(replica.layout, replica.values)
    this.#checkpointer.request(0)
    this.advance()
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    while (this.#strategy === null) {
      if (this.failure !== null) throw this.failure
      await this.changed.wait(signal)
    }
  }

  lease(workerId: string, signal: AbortSignal): Promise<LeaseAnswer> {
    return this.#group.lease(workerId, signal)
  }

  step(step: Step): StepOutcome | Promise<StepOutcome> {
    return this.#group.step(step)
  }

  evaluation(workerId: string, epoch: number, metrics: Readonly<Record<string, number>>, isFinal: boolean): void {
    this.#group.evaluation(workerId, epoch, metrics, isFinal)
  }

  leave(workerId: string, reason: string): void {
    if (this.#initialiser === workerId) this.#initialiser = null
    this.#group.leave(workerId, reason)
  }

  apply(step: AppliedStep): void {
    const replica = this.#replica
    const strategy = this.#strategy
    assert(replica !== null && strategy !== null, 'a step needs parameters')
    const { clock } = this.#links
    const scale = strategy.rateScale
    const learningRates = scale === 1 ? step.learningRates : step.learningRates.map((rate) => rate * scale)
    replica.applyStep(step.gradient, learningRates, strategy.bufferWeight)
    if (!this.members.isAlone) {
      strategy.stepped({ ...step, learningRates })
      this.#rounds.stepped(step.samples)
    }
    this.#version += 1
    this.#steps.step(step, clock.now(), clock.monotonicMs())
    this.#state.stall.step(clock.monotonicMs())
    this.#checkpointer.request(checkpointMs)
    this.advance()
  }

  evaluated(epoch: number, metrics: Readonly<Record<string, number>>, isFinal: boolean): void {
    this.records.add({ kind: 'evaluation', epoch, metrics, isFinal, atMs: this.#links.clock.now() })
    this.#checkpointer.request(checkpointAfterReceiptMs)
  }

  // The control plane, by the agent.

  direct(directive: { readonly book: AddressBook | null; readonly drain: boolean }): void {
    if (directive.book !== null) this.members.replace(directive.book)
    if (directive.drain) this.#course.requestDrain()
    this.#state.trim()
    this.advance()
  }

  progress(): PartitionProgress {
    return {
      phase: this.phase,
      ...this.#steps.counts,
      ...this.#group.progress(),
      rounds: this.#state.rounds.rounds,
      wanBytesSent: this.#state.wan.entries(),
      modelHash: this.#course.modelHash,
      modelPath: this.#course.modelPath,
      isTrainingOver: this.hasEnded,
      sync: this.members.isAlone
        ? null
        : syncProgressOf({
            region: this.region,
            peers: this.#peers,
            rounds: this.#rounds,
            exchange: this.exchange,
            state: this.#state,
            settings: this.#options.sync,
            startedAtMs: this.#steps.counts.firstStepAtMs,
            nowMs: this.#links.clock.now(),
          }),
    }
  }

  /** Nobody needs this process any more: finished, and everybody else is and knows that this region is. */
  get isReleased(): boolean {
    if (this.phase !== 'finished' || !this.hasEnded || this.#group.count > 0) return false
    return this.members.peers.every((region) => {
      const status = this.#peers.statusOf(region)
      return status !== null && status.hasFinished && status.knownFinished.includes(this.region)
    })
  }

  /** Finished, and no region that is not is to be heard: the rest is the control plane's. */
  get isLeftAlone(): boolean {
    const isMissed = (region: string): boolean =>
      this.#peers.hears(region) && this.#peers.statusOf(region)?.hasFinished !== true
    return this.phase === 'finished' && this.hasEnded && !this.members.peers.some(isMissed)
  }

  /** Writes a last checkpoint, unless this is a failure's end. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#rounds.stop()
    await this.#checkpointer.stop(this.failure === null && this.#strategy !== null)
  }

  advance(): void {
    if (this.#isStopped) return
    this.#isAskedAgain = true
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false
      while (this.#course.advanceOnce()) this.#version += 1
      if (!this.members.isAlone && this.failure === null && this.#rounds.advance()) this.#isAskedAgain = true
    }
    this.#isAdvancing = false
    const nowMs = this.#links.clock.monotonicMs()
    this.#state.stall.blocked(this.isBlocked && this.phase === 'training', nowMs)
    if (!this.members.isAlone) {
      this.exchange.refresh()
      this.#wakeInTime()
    }
    this.#group.release()
    this.changed.notify()
  }

  /** Rounds go on when time passes, too. */
  #wakeInTime(): void {
    this.#timer?.cancel()
    this.#timer = null
    const atMs = this.#rounds.nextAtMs
    if (atMs === Number.POSITIVE_INFINITY || this.#isStopped) return
    const delayMs = Math.max(1, Math.ceil(atMs - this.#links.clock.monotonicMs()))
    this.#timer = this.#links.clock.after(delayMs, () => this.advance())
  }

  /** The root gives the first parameters, unless it lost its disk and the others have begun long ago. */
  get #mayGiveFirst(): boolean {
    if (this.region !== this.members.root) return false
    if (this.#options.attempt === 1) return true
    return this.members.peers.every((region) => this.#peers.statusOf(region)?.hasBegun === false)
  }

  #adopt(layout: Layout, whose: string): Replica {
    if (this.#replica === null) {
      this.#replica = Replica.create(layout, this.#links.memory)
      return this.#replica
    }
    const difference = layoutDifference(this.#replica.layout, layout)
    if (difference === null) return this.#replica
    throw new CloudlessError('conflict', 'LAYOUT_DIFFERS', `${whose} trains another model: ${difference}`)
  }

  #begin(replica: Replica, values: Float32Array): void {
    this.#links.memory.kernels.copy(replica.values, values)
    const strategy = this.#createStrategy(replica)
    strategy.start()
    if (!this.members.isAlone) this.#rounds.start(replica)
    this.#strategy = strategy
    this.#version += 1
    this.#course.begin({ replica, strategy })
  }

  #createStrategy(replica: Replica): UpdateStrategy {
    const { sync, parts, seed } = this.#options
    return createStrategy(parts, {
      settings: sync,
      region: this.region,
      dataShare: this.members.shareOf(this.region),
      replica,
      memory: this.#links.memory,
      seed,
      members: () => this.members.live,
      versions: () => this.#state.versions.entries(),
      dropped: (region, stalenessSteps) =>
        this.exchange.refused(region, 'TOO_STALE', `an update of region ${region} is ${stalenessSteps} steps old`),
    })
  }

  #host(): RoundsHost & ExchangeHost {
    // oxlint-disable-next-line typescript/no-this-alias -- getters of the object have their own `this`.
    const self = this
    return {
      region: self.region,
      changed: self.changed,
      get replica() {
        return self.#strategy === null ? null : self.#replica
      },
      get strategy() {
        return self.#strategy
      },
      get failure() {
        return self.failure
      },
      get hasDrained() {
        return self.#course.hasDrained
      },
      get hasFinished() {
        return self.hasEnded
      },
      get isReadyForFinal() {
        return self.#isReadyForFinal
      },
      get finalMass() {
        return self.#strategy?.finalMass ?? 0
      },
      get stepsPerSecond() {
        return self.#state.stall.stepsPerSecond
      },
      get cursor() {
        return JSON.stringify(self.#group.leases.snapshot())
      },
      get isBehindUpdates() {
        return self.#isBehindUpdates
      },
      hasForgotten: self.#options.attempt > 1,
      requestCheckpoint: (withinMs) => self.#checkpointer.request(withinMs),
      advance: () => self.advance(),
      touched: () => {
        self.#version += 1
      },
      fail: (reason, text) => self.#course.fail(reason, text),
      refused: (region, reason, text) => self.exchange.refused(region, reason, text),
      begin: (layout, values, whose) => self.#beginWith(layout, values, whose),
      sealed: (draft) => self.records.add(recordOfUpdate(draft, self.#recordContext())),
      committed: (round) => {
        self.#version += 1
        const context = self.#recordContext()
        void round.stateHash.then((hash) => {
          if (round.proposal.members.length > 0) self.records.add(recordOfRound(round, hash, context))
          self.#checkpointer.request(checkpointAfterReceiptMs)
          self.changed.notify()
        })
      },
      resume: (cursor) => self.#resume(cursor),
      cursors: () => Object.fromEntries(self.#state.cursors),
      versions: () => ({ ...self.#state.versions.entries(), [self.region]: self.#state.outbox.durableSeq }),
      replicaFor: ({ layout }) => self.#adopt(layout, 'a snapshot'),
      untoldSince: (snapshot) => self.#untoldSince(snapshot),
      adopted: (snapshot, parameters, untold) => self.#adopted(snapshot, parameters, untold),
    }
  }

  #recordContext() {
    const { clock } = this.#links
    const { loss } = this.#steps.counts
    const { samplesDone, samplesTotal } = this.#group.leases
    return {
      members: this.members,
      traffic: this.#state.rounds.close(clock.monotonicMs(), this.#state.stall.stallSeconds),
      senders: this.#state.rounds.senders,
      atMs: clock.now(),
      loss,
      fraction: samplesTotal === 0 ? 0 : samplesDone / samplesTotal,
    }
  }

  #beginWith(layout: Layout, values: Float32Array, whose: string): void {
    try {
      this.#begin(this.#adopt(layout, whose), values)
    } catch (error) {
      this.#course.fail('LAYOUT_DIFFERS', messageOf(error))
      throw error
    }
  }

  get #isReadyForFinal(): boolean {
    return this.members.peers.every((region) => {
      const status = this.#peers.statusOf(region)
      return status !== null && status.hasDrained && this.#state.versions.of(region) >= status.lastSeq
    })
  }

  get #isBehindUpdates(): boolean {
    return this.members.peers.some((region) => {
      const status = this.#peers.statusOf(region)
      return status !== null && status.firstSeq > this.#state.versions.of(region) + 1
    })
  }

  /** Updates of this region that the snapshot does not have; the caller releases their vectors. */
  async #untoldSince({ versions }: StateSnapshot): Promise<readonly Untold[]> {
    const strategy = this.#strategy
    if (strategy === null) return []
    if (this.exchange.isSealing) throw new CloudlessError('unavailable', 'SEALING', 'an update is being sealed')
    const untold: Untold[] = []
    for (const { header, bytes } of this.#state.outbox.since(versions[this.region] ?? 0)) {
      if (header.kind === 'initial') continue
      const values = this.#links.memory.allocate(this.#replica!.elementCount)
      await strategy.decodes(header, bytes, values)
      untold.push({ header, values })
    }
    return untold
  }

  #adopted(snapshot: StateSnapshot, parameters: Float32Array, untold: readonly Untold[]): void {
    const { versions, cursors } = snapshot
    const replica = this.#replica!
    const own = versions[this.region] ?? 0
    if (this.#strategy === null) {
      const cursor = cursors[this.region]
      if (cursor !== undefined) this.#resume(cursor)
      const strategy = this.#createStrategy(replica)
      this.#links.memory.kernels.copy(replica.values, parameters)
      strategy.start()
      this.#strategy = strategy
      this.#course.begin({ replica, strategy })
    } else this.#strategy.rebase(parameters, untold)
    this.#state.outbox.continueAfter(own)
    for (const [region, seq] of Object.entries(versions)) {
      if (region !== this.region) this.#state.versions.advanceTo(region, seq)
    }
    this.#version += 1
    this.#links.log.info({ round: snapshot.round, versions }, 'partition took a snapshot of another region over')
  }

  #resume(cursor: string): void {
    const told = JSON.parse(cursor) as LeaseSnapshot
    // Ids of leases that are out are not given again.
    const nextLeaseId = Math.max(told.nextLeaseId, this.#group.leases.snapshot().nextLeaseId)
    this.#group.resume(LeaseTable.restore(this.#options, { ...told, nextLeaseId }))
  }

  async #take(): Promise<Taken<Mark>> {
    const strategy = this.#strategy?.save() ?? { state: null, vectors: {} }
    const exchange = this.#state.save(this.phase === 'finished')
    const rounds = this.#rounds.save()
    const replica = this.#replica
    const hasBegun = this.#strategy !== null
    const state: PartitionState = {
      ...exchange.state,
      format: stateFormat,
      jobId: this.#options.jobId,
      region: this.region,
      phase: this.phase,
      isDrainRequested: this.#course.isDrainRequested,
      layout: hasBegun ? (replica?.layout ?? null) : null,
      optimiserSteps: replica?.optimiserSteps ?? 0,
      strategyName: this.#options.sync.strategy,
      strategy: strategy.state,
      roundsState: rounds.state,
      ...this.#group.save(),
      counts: this.#steps.counts,
      records: [...this.records.waiting],
      modelHash: this.#course.modelHash,
    }
    const own = replica === null || !hasBegun ? {} : replicaVectors(replica)
    const living = { ...own, ...strategyVectors(strategy), ...prefixed('rounds/', rounds.living) }
    const fixed = { ...exchange.fixed, ...prefixed('rounds/', rounds.fixed) }
    const { vectors, release } = await copiesOf(living, this.#links.memory)
    const mark = { exchange: exchange.mark, rounds: rounds.mark }
    return { snapshot: { state, vectors: { ...vectors, ...fixed } }, mark, release }
  }

  #restore(state: PartitionState, vectors: Vectors): void {
    if (state.layout === null || state.phase === 'starting') return this.#course.restore(state, null)
    const { memory, log } = this.#links
    const replica = Replica.create(state.layout, memory)
    restoreReplica(replica, state.optimiserSteps, vectors, memory)
    const strategy = this.#createStrategy(replica)
    strategy.restore({ state: state.strategy, vectors: unprefixed('strategy/', vectors) })
    if (state.roundsState !== null && !this.members.isAlone) {
      this.#rounds.restore(state.roundsState, unprefixed('rounds/', vectors), replica)
    }
    this.#replica = replica
    this.#strategy = strategy
    this.#version = 1
    this.#course.restore(state, { replica, strategy })
    const { phase, applied, outbox } = state
    log.info({ phase, applied, sealed: outbox.lastSeq }, 'partition goes on from its checkpoint')
  }
}
