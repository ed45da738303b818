// The part of a job in one region, without IO: replica, workers' steps, exchange with the other regions, and what of it
// is durable. Phases: starting (waiting for the first parameters: the root region takes its first worker's, the others
// fetch them) -> training -> draining (own samples used; tell the rest, close the last round) -> evaluating -> finished.
// Nothing leaves the region that is not in a durable checkpoint, and what arrives is acknowledged only from one, so after
// any crash every sample counts once and every update is applied once in the history that survives.
import { assert } from '#runtime/assert.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { Alarm } from './alarm.ts'
import { ChangeSignal } from './change-signal.ts'
import { Checkpointer } from './checkpointer.ts'
import { checkpointAfterReceiptMs, checkpointMs } from './config.ts'
import { Course } from './course.ts'
import { isKnownEverywhere, isNobodyWaiting } from './ending.ts'
import { Evaluations } from './evaluations.ts'
import { ExchangeState } from './exchange-state.ts'
import { ExchangeWithPeers } from './exchange-with-peers.ts'
import { FirstParameters } from './first-parameters.ts'
import { LeaseTable } from './leases.ts'
import { Members } from './members.ts'
import { StepMeter } from './meters.ts'
import { PartitionHost } from './partition-host.ts'
import type { PartitionLinks, PartitionOptions, PartitionProgress } from './partition-options.ts'
import { takeCheckpoint, type CheckpointMark } from './partition-checkpoint.ts'
import { stateOf, unprefixed, type PartitionState, type Vectors } from './partition-state.ts'
import { Records } from './records.ts'
import type { Replica } from './replica/replica.ts'
import { PeersView } from './rounds/peers-view.ts'
import { Rounds } from './rounds/rounds.ts'
import { LiveSettings, type PartitionDirective } from './live-settings.ts'
import { syncProgressOf } from './sync-progress.ts'
import { TrainedModel } from './trained-model.ts'
import { WorkerGroup, type AppliedStep, type Phase, type TrainingHost } from './worker-group.ts'
import type { JoiningWorker, LeaseAnswer, Membership, Step, StepOutcome, WorkerSide } from './worker-side.ts'

type Saved = { readonly state: PartitionState; readonly vectors: Vectors }

export class Partition implements WorkerSide, TrainingHost {
  readonly region: string
  readonly changed = new ChangeSignal()
  readonly members: Members
  readonly records: Records
  /** What the other regions meet. */
  readonly exchange: ExchangeWithPeers
  readonly #sync: LiveSettings
  readonly #options: PartitionOptions
  readonly #links: PartitionLinks
  readonly #peers: PeersView
  readonly #group: WorkerGroup
  readonly #checkpointer: Checkpointer<CheckpointMark>
  readonly #state: ExchangeState
  readonly #rounds: Rounds
  readonly #course: Course
  readonly #steps: StepMeter
  readonly #model: TrainedModel
  readonly #first: FirstParameters
  #version = 0
  readonly #alarm: Alarm
  #isAdvancing = false
  #isAskedAgain = false
  #isStopped = false
  #isTakenOver = false

  /** A partition that goes on from its newest checkpoint, if there is one. */
  static async open(options: PartitionOptions, links: PartitionLinks): Promise<Partition> {
    const snapshot = await links.checkpoints.load()
    const saved = snapshot === null ? null : { state: stateOf(snapshot, options), vectors: snapshot.vectors }
    const partition = new Partition(options, links, saved)
    partition.advance()
    return partition
  }

  private constructor(given: PartitionOptions, links: PartitionLinks, saved: Saved | null) {
    this.#sync = new LiveSettings(given.sync)
    const options = { ...given, sync: this.#sync.values }
    const { region, parts } = options
    const state = saved?.state ?? null
    const { clock, log, memory, fetcher } = links
    this.region = region
    this.#options = options
    this.#links = links
    this.#alarm = new Alarm(clock, () => this.advance())
    this.members = new Members(region, options.members)
    this.#peers = new PeersView(this.members, clock)
    this.#first = new FirstParameters(options.attempt, this.members, this.#peers)
    this.records = new Records(state?.records)
    this.#steps = new StepMeter(state?.counts)
    this.#state = new ExchangeState(this.members, this.#peers, saved, clock.monotonicMs(), options.moves)
    const refused = (peer: string, reason: string, text: string): void => this.exchange.refused(peer, reason, text)
    this.#model = new TrainedModel({ options, members: this.members, memory, state: this.#state, refused })
    const leases = state === null ? new LeaseTable(options) : LeaseTable.restore(options, state.leases)
    const evaluations = new Evaluations(state?.evaluations)
    const kept = { leases, evaluations, leasesReturned: state?.leasesReturned ?? 0 }
    this.#group = new WorkerGroup(this, options, kept, links)
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
      take: () =>
        takeCheckpoint({
          options,
          memory,
          model: this.#model,
          state: this.#state,
          rounds: this.#rounds,
          course: this.#course,
          group: this.#group,
          steps: this.#steps,
          records: this.records,
        }),
      onDurable: (mark) => {
        this.#state.settle(mark.exchange)
        this.#rounds.settle(mark.rounds)
        this.advance()
      },
      onTaken: (error) => {
        this.#isTakenOver = true
        links.onTaken?.(error)
      },
    })
    const host = new PartitionHost({
      options,
      clock,
      log,
      changed: this.changed,
      members: this.members,
      peers: this.#peers,
      model: this.#model,
      state: this.#state,
      course: this.#course,
      group: this.#group,
      steps: this.#steps,
      records: this.records,
      exchange: () => this.exchange,
      requestCheckpoint,
      advance: onChange,
      touched: () => {
        this.#version += 1
      },
      begin: (replica, values) => this.#begin(replica, values),
    })
    this.#rounds = new Rounds(
      {
        settings: options.sync,
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
    this.#state.mayForget = () => this.#rounds.hasCompleteHub
    this.#state.keptAfterSeq = () => this.#rounds.seqBeingTaken
    if (saved !== null) this.#restore(saved.state, saved.vectors)
  }

  get replica(): Replica | null {
    return this.#model.replica
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
    return !this.members.isAlone && (this.exchange.isSealing || this.exchange.isCrowded || this.#rounds.isBlocked)
  }

  join(worker: JoiningWorker): Membership {
    if (this.failure !== null) throw this.failure
    this.#model.adopt(worker.layout, `worker ${worker.instanceId}`)
    const evaluates = this.#group.join(worker)
    const hasParameters = this.#model.strategy !== null
    const wantsInitial = !hasParameters && this.#first.areWanted
    if (wantsInitial) this.#first.ask(worker.workerId)
    return { hasParameters, wantsInitial, evaluates }
  }

  initialise(workerId: string, values: Float32Array): void {
    if (this.#model.strategy !== null) return
    const { replica } = this.#model
    if (!this.#first.isGiver(workerId) || replica === null) {
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

  async whenReady(signal: AbortSignal): Promise<'ready' | 'join-again'> {
    while (this.#model.strategy === null) {
      if (this.failure !== null) throw this.failure
      if (this.#first.areWanted) return 'join-again'
      await this.changed.wait(signal)
    }
    return 'ready'
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
    this.#first.left(workerId)
    this.#group.leave(workerId, reason)
  }

  apply(step: AppliedStep): void {
    const { replica, strategy } = this.#model
    assert(replica !== null && strategy !== null, 'a step needs parameters')
    const { clock } = this.#links
    const learningRates = step.learningRates.map((rate) => rate * strategy.rateScale)
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

  direct({ book, drain, interval }: PartitionDirective): void {
    if (book !== null) this.members.replace(book)
    if (drain) this.#course.requestDrain()
    if (interval !== undefined) this.#sync.order(interval, this.#links.log)
    this.#state.trim()
    this.advance()
  }

  progress(): PartitionProgress {
    return {
      phase: this.phase,
      ...this.#steps.counts,
      ...this.#group.progress(),
      rounds: this.#state.rounds.rounds,
      ...this.#state.wan.totals(),
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
            monotonicMs: this.#links.clock.monotonicMs(),
          }),
    }
  }

  /** Nobody needs this process any more: finished, and everybody else is and knows that this region is. */
  get isReleased(): boolean {
    return this.hasEnded && this.#group.count === 0 && isKnownEverywhere(this.members, this.#peers)
  }

  /** Finished, and no region that is not is to be heard: the rest is the control plane's. */
  get isLeftAlone(): boolean {
    return this.hasEnded && isNobodyWaiting(this.members, this.#peers)
  }

  /** Others need not find out by silence that this process is about to stop. */
  tellLeaving(): void {
    if (!this.#isTakenOver) this.exchange.leave()
  }

  /** Writes a last checkpoint, unless this is a failure's end. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#alarm.set(Number.POSITIVE_INFINITY)
    this.#rounds.stop()
    await this.#checkpointer.stop(this.failure === null && this.#model.strategy !== null && !this.#isTakenOver)
  }

  /** Never throws: whoever calls may have nothing to do with what went wrong. */
  advance(): void {
    if (this.#isStopped) return
    this.#isAskedAgain = true
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    this.#peers.wokeLate(this.#alarm.overdueMs)
    this.#orFail(() => {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false
        while (this.#course.advanceOnce()) this.#version += 1
        if (!this.members.isAlone && this.failure === null && this.#rounds.advance()) this.#isAskedAgain = true
      }
    })
    this.#isAdvancing = false
    this.#orFail(() => this.#tell())
    // What a failure left half done must not become durable.
    if (this.failure !== null) void this.#checkpointer.stop(false)
    this.#group.release()
    this.changed.notify()
  }

  /** What all of it means for the others and for time. */
  #tell(): void {
    const nowMs = this.#links.clock.monotonicMs()
    this.#state.stall.blocked(this.isBlocked && this.phase === 'training', nowMs)
    if (!this.members.isAlone) {
      this.exchange.refresh()
      // Rounds go on when time passes, too.
      this.#alarm.set(this.#rounds.nextAtMs)
    }
  }

  /** A broken promise of our own code ends the partition with its reason: half of a consequence is none to go on from. */
  #orFail(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#links.log.error({ stack: error instanceof Error ? error.stack : '' }, 'the partition can not go on')
      const text = `region ${this.region} can not go on: ${messageOf(error)}`
      if (this.failure === null) this.#course.fail('INTERNAL', text)
    }
  }

  #begin(replica: Replica, values: Float32Array): void {
    const strategy = this.#model.begin(replica, values)
    if (!this.members.isAlone) this.#rounds.start(replica)
    this.#version += 1
    this.#course.begin({ replica, strategy })
  }

  #restore(state: PartitionState, vectors: Vectors): void {
    if (state.layout === null || state.phase === 'starting') return this.#course.restore(state, null)
    const training = this.#model.restore(state.layout, state, vectors)
    if (state.roundsState !== null && !this.members.isAlone) {
      this.#rounds.restore(state.roundsState, unprefixed('rounds/', vectors), training.replica)
    }
    this.#version = 1
    this.#course.restore(state, training)
    const { phase, applied, outbox } = state
    this.#links.log.info({ phase, applied, sealed: outbox.lastSeq }, 'partition goes on from its checkpoint')
  }
}
