// The part of a job in one region, without IO: replica, workers' steps, exchange with the other regions, and what of it
// is durable. Phases: starting (waiting for the first parameters: the root region takes its first worker's, the others
// pull them) -> training -> draining (own samples used; flush, say DRAINED) -> final synchronisation -> evaluating ->
// finished. Nothing leaves the region that is not in a durable checkpoint, and what arrives is acknowledged only from
// one, so after any crash every sample counts once and every update is applied once in the history that survives.
import { assert } from '#runtime/assert.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { ChangeSignal } from './change-signal.ts'
import type { Snapshot } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { checkpointAfterReceiptMs, checkpointMs } from './config.ts'
import { Course } from './course.ts'
import { Evaluations } from './evaluations.ts'
import { checkPayload, ExchangeState, type Mark } from './exchange-state.ts'
import { LeaseTable } from './leases.ts'
import { Members, type AddressBook } from './members.ts'
import { StepMeter } from './meters.ts'
import type { PartitionLinks, PartitionOptions, PartitionProgress } from './partition-options.ts'
import {
  replicaVectors,
  restoreReplica,
  stateFormat,
  stateOf,
  strategySnapshot,
  strategyVectors,
  type PartitionState,
} from './partition-state.ts'
import { Records } from './records.ts'
import { layoutDifference, type Layout } from './replica/layout.ts'
import { Replica } from './replica/replica.ts'
import { createStrategy } from './sync/strategies.ts'
import type { SyncStrategy } from './sync/strategy.ts'
import { draftOf, type Update } from './sync/update.ts'
import { WorkerGroup, type AppliedStep, type Phase, type TrainingHost } from './worker-group.ts'
import type { JoiningWorker, LeaseAnswer, Membership, Step, StepOutcome, WorkerSide } from './worker-side.ts'

export class Partition implements WorkerSide, TrainingHost {
  readonly region: string
  readonly changed = new ChangeSignal()
  readonly members: Members
  readonly records: Records
  readonly #options: PartitionOptions
  readonly #links: PartitionLinks
  readonly #group: WorkerGroup
  readonly #checkpointer: Checkpointer<Mark>
  readonly #exchange: ExchangeState
  readonly #course: Course
  readonly #steps: StepMeter
  #replica: Replica | null = null
  #strategy: SyncStrategy | null = null
  #initialiser: string | null = null
  #version = 0

  /** A partition that goes on from its newest checkpoint, if there is one. */
  static async open(options: PartitionOptions, links: PartitionLinks): Promise<Partition> {
    const partition = new Partition(options, links, await links.checkpoints.load())
    partition.advance()
    return partition
  }

  private constructor(options: PartitionOptions, links: PartitionLinks, snapshot: Snapshot | null) {
    const { jobId, region, epochs } = options
    const strategyName = options.sync.strategy
    const state = snapshot === null ? null : stateOf(snapshot, { jobId, region, strategyName })
    this.region = region
    this.#options = options
    this.#links = links
    this.members = new Members(region, options.members)
    this.records = new Records(state?.records)
    this.#steps = new StepMeter(state?.counts)
    this.#exchange = new ExchangeState(this.members, state, snapshot?.vectors ?? {}, links.clock.monotonicMs())
    const leases = state === null ? new LeaseTable(options) : LeaseTable.restore(options, state.leases)
    const evaluations = new Evaluations(state?.evaluations)
    const { workerMode, hasHoldout } = options
    const saved = { leases, evaluations, leasesReturned: state?.leasesReturned ?? 0 }
    this.#group = new WorkerGroup(this, { workerMode, hasHoldout, epochs }, saved, links)
    this.#course = new Course({
      options,
      links,
      members: this.members,
      exchange: this.#exchange,
      records: this.records,
      group: () => this.#group,
      requestCheckpoint: (withinMs) => this.#checkpointer.request(withinMs),
      onChange: () => this.advance(),
    })
    this.#checkpointer = new Checkpointer({
      store: links.checkpoints,
      clock: links.clock,
      log: links.log,
      take: () => this.#take(),
      onDurable: (mark) => {
        this.#exchange.settle(mark)
        this.advance()
      },
    })
    if (snapshot !== null && state !== null) this.#restore(state, snapshot.vectors)
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
    return this.#exchange.hasEnded
  }

  get failure(): CloudlessError | null {
    return this.#course.failure
  }

  get isOver(): boolean {
    return this.#course.isDrainRequested
  }

  get isBlocked(): boolean {
    return this.#strategy?.isBlocked ?? false
  }

  // Workers.

  join(worker: JoiningWorker): Membership {
    if (this.failure !== null) throw this.failure
    this.#adopt(worker.layout, `worker ${worker.instanceId}`)
    const evaluates = this.#group.join(worker)
    const hasParameters = this.#strategy !== null
    const wantsInitial = !hasParameters && this.region === this.members.root && this.#initialiser === null
    if (wantsInitial) this.#initialiser = worker.workerId
    return { hasParameters, wantsInitial, evaluates }
  }

  initialise(workerId: string, values: Float32Array): void {
    if (this.#strategy !== null) return
    const replica = this.#replica
    if (workerId !== this.#initialiser || replica === null) {
      throw new CloudlessError('conflict', 'NOT_ASKED', `worker ${workerId} was not asked for the first parameters`)
    }
    const isWhole = values.length === replica.elementCount && this.#links.memory.kernels.allFinite(values)
    if (!isWhole) {
      const text = `the first parameters of worker ${workerId} must be ${replica.elementCount} finite numbers`
      throw new CloudlessError('invalid', 'INVALID_PARAMETERS', text)
    }
    replica.values.set(values)
    this.#begin(replica)
    if (!this.members.isAlone) {
      this.#course.seal({ ...draftOf('initial', 0), layout: replica.layout, payload: replica.values.slice() })
    }
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
    const scale = strategy.rateScale
    const learningRates = scale === 1 ? step.learningRates : step.learningRates.map((rate) => rate * scale)
    replica.applyStep(step.gradient, learningRates, strategy.bufferWeight)
    if (!this.members.isAlone) strategy.stepped({ ...step, learningRates })
    this.#version += 1
    this.#steps.step(step, this.#links.clock.now(), this.#links.clock.monotonicMs())
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
    this.#exchange.trim()
    this.advance()
  }

  // Other regions.

  /** The update of this region after `seq`; null while there is none that may be sent. */
  updateAfter(seq: number): Update | null {
    return this.#exchange.outbox.after(seq)
  }

  acknowledge(region: string, seq: number): void {
    this.#exchange.outbox.acknowledge(region, seq)
    if (this.#exchange.trim()) this.#checkpointer.request(checkpointMs)
    this.advance()
  }

  /** Bytes went over the wire to the region; `completedSeq` once a whole update did. */
  sent(region: string, bytes: number, completedSeq: number | null): void {
    this.#exchange.wan.sent(region, bytes)
    this.#exchange.rounds.sent(bytes)
    if (completedSeq !== null) this.#exchange.wan.completed(region, completedSeq)
  }

  appliedSeqOf(region: string): number {
    return this.#exchange.versions.of(region)
  }

  durableSeqOf(region: string): number {
    return this.#exchange.durableSeqOf(region)
  }

  /** Resolves once the update is taken in; a duplicate is ignored. The caller takes the payload back. */
  async receive(update: Update, signal: AbortSignal): Promise<void> {
    while (!this.#receiveNow(update)) await this.changed.wait(signal)
  }

  progress(): PartitionProgress {
    return {
      phase: this.phase,
      ...this.#steps.counts,
      ...this.#group.progress(),
      rounds: this.#exchange.rounds.rounds,
      wanBytesSent: this.#exchange.wan.entries(),
      modelHash: this.#course.modelHash,
      modelPath: this.#course.modelPath,
      isTrainingOver: this.hasEnded,
    }
  }

  /** Nobody needs this process any more: finished, and everybody has what it had to say. */
  get isReleased(): boolean {
    return this.phase === 'finished' && this.#exchange.isSettled && this.#group.count === 0
  }

  /** Writes a last checkpoint, unless this is a failure's end. */
  async stop(): Promise<void> {
    await this.#checkpointer.stop(this.failure === null && this.#strategy !== null)
  }

  advance(): void {
    while (this.#course.advanceOnce()) this.#version += 1
    this.#group.release()
    this.changed.notify()
  }

  #adopt(layout: Layout, whose: string): void {
    if (this.#replica === null) {
      this.#replica = Replica.create(layout, this.#links.memory)
      return
    }
    const difference = layoutDifference(this.#replica.layout, layout)
    if (difference === null) return
    throw new CloudlessError('conflict', 'LAYOUT_DIFFERS', `${whose} trains another model: ${difference}`)
  }

  #begin(replica: Replica): void {
    const strategy = this.#createStrategy(replica)
    strategy.start()
    this.#strategy = strategy
    this.#version += 1
    this.#course.begin(replica, strategy)
  }

  #createStrategy(replica: Replica): SyncStrategy {
    return createStrategy(this.#options.sync, {
      region: this.region,
      dataShare: this.members.shareOf(this.region),
      replica,
      memory: this.#links.memory,
      seed: this.#options.seed,
      members: () => this.members.live,
      hasDrained: (region) => this.members.hasDrained(region),
      versions: () => this.#exchange.versions.entries(),
    })
  }

  /** False while the update must wait. */
  #receiveNow(update: Update): boolean {
    const { header } = update
    const { region, seq } = header
    if (!this.#exchange.versions.isNext(region, seq)) return true
    if (this.failure !== null) throw this.failure
    if (header.kind === 'initial') this.#receiveInitial(update)
    else if (this.#strategy === null) return false
    else if (!this.#receiveInTraining(update, this.#strategy)) return false
    this.#exchange.versions.advance(region, seq)
    this.#exchange.rounds.received(region, header.payloadBytes)
    this.#version += 1
    this.#checkpointer.request(checkpointAfterReceiptMs)
    this.advance()
    return true
  }

  #receiveInitial({ header, payload }: Update): void {
    if (header.region !== this.members.root || header.layout === null || this.#strategy !== null) {
      throw new CloudlessError(
        'conflict',
        'UNEXPECTED_INITIAL',
        `region ${header.region} may not give the first parameters`,
      )
    }
    try {
      this.#adopt(header.layout, `region ${header.region}`)
    } catch (error) {
      this.#course.fail('LAYOUT_DIFFERS', messageOf(error))
      this.advance()
      throw error
    }
    const replica = this.#replica!
    checkPayload(header, payload, replica.elementCount, this.#links.memory.kernels)
    replica.values.set(payload)
    this.#begin(replica)
  }

  #receiveInTraining(update: Update, strategy: SyncStrategy): boolean {
    const { header, payload } = update
    if (header.kind === 'drained') {
      this.members.drain(header.region)
      return true
    }
    const isForOther = header.targetRegion !== '' && header.targetRegion !== this.region
    checkPayload(header, payload, isForOther ? 0 : this.#replica!.elementCount, this.#links.memory.kernels)
    if (header.kind !== 'final') return strategy.receive(update)
    this.#exchange.finals.add(header.region, { mass: header.mass, values: payload.slice() })
    return true
  }

  #take(): { snapshot: Snapshot; mark: Mark } {
    const strategy = this.#strategy?.save() ?? { state: null, vectors: {} }
    const exchange = this.#exchange.save(this.phase === 'finished')
    const replica = this.#replica
    const state: PartitionState = {
      ...exchange.state,
      format: stateFormat,
      jobId: this.#options.jobId,
      region: this.region,
      phase: this.phase,
      isDrainRequested: this.#course.isDrainRequested,
      layout: replica?.layout ?? null,
      optimiserSteps: replica?.optimiserSteps ?? 0,
      strategyName: this.#options.sync.strategy,
      strategy: strategy.state,
      ...this.#group.save(),
      drained: this.members.drained,
      counts: this.#steps.counts,
      records: [...this.records.waiting],
      modelHash: this.#course.modelHash,
    }
    const own = replica === null ? {} : replicaVectors(replica)
    const vectors = { ...own, ...strategyVectors(strategy), ...exchange.vectors }
    return { snapshot: { state, vectors }, mark: exchange.mark }
  }

  #restore(state: PartitionState, vectors: Readonly<Record<string, Float32Array>>): void {
    for (const region of state.drained) this.members.drain(region)
    if (state.layout === null || state.phase === 'starting') return this.#course.restore(state, null)
    const replica = Replica.create(state.layout, this.#links.memory)
    restoreReplica(replica, state.optimiserSteps, vectors)
    const strategy = this.#createStrategy(replica)
    strategy.restore(strategySnapshot(state.strategy, vectors))
    this.#replica = replica
    this.#strategy = strategy
    this.#version = 1
    this.#course.restore(state, { replica, strategy })
    const { phase, applied, outbox } = state
    this.#links.log.info({ phase, applied, sealed: outbox.lastSeq }, 'partition goes on from its checkpoint')
  }
}
