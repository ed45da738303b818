// The part of a job in one region, without IO: replica, workers' steps, exchange with the other regions, and what of it
// is durable. Phases: starting (waiting for the first parameters: the root region takes its first worker's, the others
// pull them) -> training -> draining (own samples used; flush, say DRAINED) -> final synchronisation -> evaluating ->
// finished. Nothing leaves the region that is not in a durable checkpoint, and what arrives is acknowledged only from
// one, so after any crash every sample counts once and every update is applied once in the history that survives.
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { ChangeSignal } from './change-signal.ts'
import type { CheckpointStore, Snapshot } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import {
  checkpointAfterReceiptMs,
  checkpointMs,
  checkpointRetryMs,
  outboxBytesMax,
  outboxUpdatesMax,
} from './config.ts'
import { Evaluations } from './evaluations.ts'
import { FinalRound } from './final-round.ts'
import { LeaseTable } from './leases.ts'
import { Members, type AddressBook, type Member } from './members.ts'
import { RoundMeter, StepMeter, WanMeter } from './meters.ts'
import { Outbox, sha256Of } from './outbox.ts'
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
import type { VectorMemory } from './replica/memory.ts'
import { Replica } from './replica/replica.ts'
import { createStrategy } from './sync/strategies.ts'
import type { SyncOptions, SyncStrategy } from './sync/strategy.ts'
import { draftOf, type Draft, type Update } from './sync/update.ts'
import { VersionVector } from './version-vector.ts'
import { WorkerGroup, type AppliedStep, type Phase, type TrainingHost } from './worker-group.ts'
import type { JoiningWorker, LeaseAnswer, Membership, Step, StepOutcome, WorkerSide } from './worker-side.ts'

export type PartitionOptions = {
  readonly jobId: string
  readonly region: string
  /** Every region of the job that holds data, this one included. */
  readonly members: readonly Member[]
  /** Samples of this partition. */
  readonly samples: number
  readonly epochs: number
  readonly leaseSamples: number
  readonly stallTimeoutMs: number
  readonly workerMode: 'asynchronous' | 'synchronous'
  readonly sync: SyncOptions
  readonly seed: number
  /** The job's held-out data lies here. */
  readonly hasHoldout: boolean
  readonly uploadsModel: boolean
}

export type PartitionLinks = {
  readonly clock: Clock
  readonly log: Log
  readonly memory: VectorMemory
  readonly checkpoints: CheckpointStore
  /** Writes the final model; answers its path. */
  readonly publishModel: (layout: Layout, values: Float32Array) => Promise<string>
}

export type PartitionProgress = {
  readonly phase: Phase
  readonly epoch: number
  readonly samplesDone: number
  readonly samplesTotal: number
  readonly steps: number
  readonly loss: number
  readonly samplesPerSecond: number
  readonly firstStepAtMs: number
  readonly workers: number
  readonly rounds: number
  readonly leasesReturned: number
  readonly wanBytesSent: Readonly<Record<string, number>>
  readonly modelHash: string
  readonly modelPath: string
  readonly stalledWorkers: readonly string[]
}

type Mark = { readonly lastSeq: number; readonly applied: Readonly<Record<string, number>> }

export class Partition implements WorkerSide, TrainingHost {
  readonly region: string
  readonly changed = new ChangeSignal()
  readonly members: Members
  readonly records: Records
  readonly #options: PartitionOptions
  readonly #links: PartitionLinks
  readonly #group: WorkerGroup
  readonly #checkpointer: Checkpointer<Mark>
  readonly #versions: VersionVector
  readonly #outbox: Outbox
  readonly #finals = new FinalRound()
  readonly #steps: StepMeter
  readonly #rounds: RoundMeter
  readonly #wan: WanMeter
  #durable: Readonly<Record<string, number>> = {}
  #replica: Replica | null = null
  #strategy: SyncStrategy | null = null
  #phase: Phase = 'starting'
  #failure: CloudlessError | null = null
  #isDrainRequested = false
  #initialiser: string | null = null
  #version = 0
  #modelHash = ''
  #modelPath = ''
  #isPublishing = false

  /** A partition that goes on from its newest checkpoint, if there is one. */
  static async open(options: PartitionOptions, links: PartitionLinks): Promise<Partition> {
    return new Partition(options, links, await links.checkpoints.load())
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
    this.#rounds = new RoundMeter(state?.rounds ?? 0, links.clock.monotonicMs())
    this.#wan = new WanMeter(state?.wanBytesSent)
    this.#versions = new VersionVector(state?.applied)
    this.#durable = state?.applied ?? {}
    const payloadOf = (seq: number): Float32Array => snapshot?.vectors[`outbox/${seq}`] ?? new Float32Array(0)
    this.#outbox = state === null ? new Outbox(region) : Outbox.restore(region, state.outbox, payloadOf)
    const leases = state === null ? new LeaseTable(options) : LeaseTable.restore(options, state.leases)
    const evaluations = new Evaluations(state?.evaluations)
    const { workerMode, hasHoldout } = options
    this.#group = new WorkerGroup(this, { workerMode, hasHoldout, epochs }, { leases, evaluations }, links)
    this.#checkpointer = new Checkpointer({
      store: links.checkpoints,
      clock: links.clock,
      log: links.log,
      take: () => this.#take(),
      onDurable: (mark) => this.#onDurable(mark),
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
    return this.#phase
  }

  get failure(): CloudlessError | null {
    return this.#failure
  }

  get isOver(): boolean {
    return this.#isDrainRequested
  }

  get isBlocked(): boolean {
    return this.#strategy?.isBlocked ?? false
  }

  get hasModelPath(): boolean {
    return this.#modelPath !== ''
  }

  // Workers.

  join(worker: JoiningWorker): Membership {
    if (this.#failure !== null) throw this.#failure
    this.#adopt(worker.layout, `worker ${worker.instanceId}`)
    const evaluates = this.#group.join(worker)
    const hasParameters = this.#strategy !== null
    const wantsInitial = !hasParameters && this.region === this.members.root && this.#initialiser === null
    if (wantsInitial) this.#initialiser = worker.workerId
    // A synchronous group may have waited for nobody but workers that are gone.
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
      this.#seal({ ...draftOf('initial', 0), layout: replica.layout, payload: replica.values.slice() })
    }
    this.#checkpointer.request(0)
    this.advance()
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    while (this.#strategy === null) {
      if (this.#failure !== null) throw this.#failure
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
    if (directive.drain && !this.#isDrainRequested) {
      this.#isDrainRequested = true
      this.#links.log.info({}, 'asked to finish: no more steps')
    }
    this.#outbox.trim(this.members.peers)
    this.advance()
  }

  // Other regions.

  /** The update of this region after `seq`; null while there is none that may be sent. */
  updateAfter(seq: number): Update | null {
    return this.#outbox.after(seq)
  }

  acknowledge(region: string, seq: number): void {
    this.#outbox.acknowledge(region, seq)
    if (this.#outbox.trim(this.members.peers)) this.#checkpointer.request(checkpointMs)
    this.advance()
  }

  /** Bytes went over the wire to the region; `completedSeq` once a whole update did. */
  sent(region: string, bytes: number, completedSeq: number | null): void {
    this.#wan.sent(region, bytes)
    this.#rounds.sent(bytes)
    if (completedSeq !== null) this.#wan.completed(region, completedSeq)
  }

  appliedSeqOf(region: string): number {
    return this.#versions.of(region)
  }

  durableSeqOf(region: string): number {
    return this.#durable[region] ?? 0
  }

  /** Resolves once the update is taken in; a duplicate is ignored. The caller takes the payload back. */
  async receive(update: Update, signal: AbortSignal): Promise<void> {
    while (!this.#receiveNow(update)) await this.changed.wait(signal)
  }

  progress(): PartitionProgress {
    const { leases, leasesReturned } = this.#group
    return {
      phase: this.#phase,
      epoch: leases.epoch,
      samplesDone: leases.samplesDone,
      samplesTotal: leases.samplesTotal,
      ...this.#steps.counts,
      workers: this.#group.count,
      rounds: this.#rounds.rounds,
      leasesReturned,
      wanBytesSent: this.#wan.entries(),
      modelHash: this.#modelHash,
      modelPath: this.#modelPath,
      stalledWorkers: this.#group.stalled(),
    }
  }

  /** Nobody needs this process any more: finished, and everybody has what it had to say. */
  get isReleased(): boolean {
    const isDurable = Object.entries(this.#versions.entries()).every(
      ([region, seq]) => this.durableSeqOf(region) >= seq,
    )
    return this.#phase === 'finished' && isDurable && this.#outbox.count === 0 && this.#group.count === 0
  }

  /** Writes a last checkpoint, unless this is a failure's end. */
  async stop(): Promise<void> {
    await this.#checkpointer.stop(this.#failure === null && this.#strategy !== null)
  }

  advance(): void {
    while (this.#advanceOnce());
    this.#group.release()
    this.changed.notify()
  }

  /** One consequence of the state, if there is one that can be drawn now. */
  #advanceOnce(): boolean {
    const strategy = this.#strategy
    if (strategy === null || this.#failure !== null) return false
    switch (this.#phase) {
      case 'training':
        if (this.#closeRound(strategy) || this.#sealIfDue(strategy, false)) return true
        if (!this.#group.leases.isDone && !this.#isDrainRequested) return false
        this.#enter('draining')
        return true
      case 'draining':
        if (this.#closeRound(strategy) || this.#sealIfDue(strategy, true)) return true
        return this.#drain(strategy)
      case 'evaluating':
        if (this.#options.hasHoldout && !this.#group.evaluations.isFinalDone) return false
        return this.#finish()
      case 'starting':
      case 'finished':
      case 'failed':
        return false
    }
  }

  #closeRound(strategy: SyncStrategy): boolean {
    if (this.members.isAlone) return false
    const closed = strategy.closeRound()
    if (closed === null) return false
    this.#version += 1
    this.#recordRound(closed.members, sha256Of(this.#replica!.values))
    return true
  }

  #sealIfDue(strategy: SyncStrategy, isLast: boolean): boolean {
    if (this.members.isAlone || !strategy.isDue(isLast)) return false
    const { count, bytes } = this.#outbox
    const hasRoom = count < outboxUpdatesMax && (count < 2 || bytes < outboxBytesMax)
    // Slow peers or a slow disk: what follows goes into the same update instead of a queue.
    if (this.#outbox.isDirty || !hasRoom) return false
    const draft = strategy.seal()
    this.#seal(draft)
    // A model's round is recorded when it closes.
    if (draft.kind !== 'model') this.#recordRound([this.region], '')
    return this.#failure === null
  }

  #drain(strategy: SyncStrategy): boolean {
    if (strategy.isDue(true) && !this.members.isAlone) return false
    if (!this.members.hasDrained(this.region)) {
      this.members.drain(this.region)
      if (!this.members.isAlone) this.#seal(draftOf('drained', 0))
      return true
    }
    const { live } = this.members
    if (!live.every((region) => this.members.hasDrained(region))) return false
    if (!this.#finals.has(this.region)) {
      const payload = this.#replica!.values.slice()
      const mass = strategy.finalMass
      this.#finals.add(this.region, { mass, values: payload })
      if (!this.members.isAlone) this.#seal({ ...draftOf('final', 0), mass, payload })
      return true
    }
    if (!live.every((region) => this.#finals.has(region))) return false
    const counted = this.#finals.average(this.#replica!.values, live, this.#links.memory.kernels)
    this.#version += 1
    this.#modelHash = sha256Of(this.#replica!.values)
    this.#recordRound(counted, this.#modelHash)
    this.#enter('evaluating')
    return true
  }

  #finish(): boolean {
    if (!this.#options.uploadsModel || this.#modelPath !== '') {
      this.#enter('finished')
      return true
    }
    if (!this.#isPublishing) void this.#publish()
    return false
  }

  async #publish(): Promise<void> {
    this.#isPublishing = true
    while (this.#modelPath === '' && this.#failure === null) {
      try {
        this.#modelPath = await this.#links.publishModel(this.#replica!.layout, this.#replica!.values)
      } catch (error) {
        this.#links.log.error({ error: messageOf(error) }, 'the model could not be written; trying again')
        await this.#links.clock.sleep(checkpointRetryMs)
      }
    }
    this.#isPublishing = false
    this.advance()
  }

  #enter(phase: Phase): void {
    this.#links.log.info({ from: this.#phase, to: phase, ...this.#steps.counts }, `partition is ${phase}`)
    this.#phase = phase
    this.#checkpointer.request(0)
  }

  #fail(reason: string, text: string): void {
    this.#links.log.error({ reason }, text)
    this.#failure ??= new CloudlessError('conflict', reason, text, { metadata: { region: this.region } })
    this.#phase = 'failed'
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

  #begin(replica: Replica): SyncStrategy {
    const strategy = this.#createStrategy(replica)
    strategy.start()
    this.#strategy = strategy
    this.#version += 1
    this.#enter('training')
    return strategy
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
      versions: () => this.#versions.entries(),
    })
  }

  #seal(draft: Draft): void {
    if (!this.#links.memory.kernels.allFinite(draft.payload)) {
      return this.#fail(
        'DIVERGED',
        `training diverged in region ${this.region}: its ${draft.kind} holds NaN or infinity`,
      )
    }
    this.#outbox.seal(draft)
    this.#checkpointer.request(0)
  }

  #recordRound(members: readonly string[], replicaHash: string): void {
    const { clock } = this.#links
    this.records.add(this.#rounds.close(members, replicaHash, clock.now(), clock.monotonicMs()))
  }

  /** False while the update must wait. */
  #receiveNow(update: Update): boolean {
    const { header } = update
    const { region, seq } = header
    if (!this.#versions.isNext(region, seq)) return true
    if (this.#failure !== null) throw this.#failure
    if (header.kind === 'initial') this.#receiveInitial(update)
    else if (this.#strategy === null) return false
    else if (!this.#receiveInTraining(update, this.#strategy)) return false
    this.#versions.advance(region, seq)
    this.#rounds.received(region, header.payloadBytes)
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
      this.#fail('LAYOUT_DIFFERS', messageOf(error))
      this.advance()
      throw error
    }
    const replica = this.#replica!
    this.#checkPayload(header, payload, replica.elementCount)
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
    this.#checkPayload(header, payload, isForOther ? 0 : this.#replica!.elementCount)
    if (header.kind !== 'final') return strategy.receive(update)
    this.#finals.add(header.region, { mass: header.mass, values: payload.slice() })
    return true
  }

  #checkPayload(header: Update['header'], payload: Float32Array, elements: number): void {
    const what = `update ${header.seq} (${header.kind}) of region ${header.region}`
    if (payload.length !== elements) {
      const text = `${what} has ${payload.length} elements where the model has ${elements}`
      throw new CloudlessError('conflict', 'LAYOUT_DIFFERS', text, { metadata: { region: header.region } })
    }
    if (this.#links.memory.kernels.allFinite(payload)) return
    const text = `${what} holds NaN or infinity and is refused`
    throw new CloudlessError('conflict', 'UPDATE_NOT_FINITE', text, { metadata: { region: header.region } })
  }

  #onDurable({ lastSeq, applied }: Mark): void {
    this.#outbox.settle(lastSeq)
    this.#outbox.trim(this.members.peers)
    this.#durable = applied
    this.advance()
  }

  #take(): { snapshot: Snapshot; mark: Mark } {
    const strategy = this.#strategy?.save() ?? { state: null, vectors: {} }
    const applied = this.#versions.entries()
    const outbox = this.#outbox.snapshot()
    const finals = this.#finals.regions.map((region) => ({ region, ...this.#finals.modelOf(region)! }))
    const state: PartitionState = {
      format: stateFormat,
      jobId: this.#options.jobId,
      region: this.region,
      phase: this.#phase,
      isDrainRequested: this.#isDrainRequested,
      layout: this.#replica?.layout ?? null,
      optimiserSteps: this.#replica?.optimiserSteps ?? 0,
      strategyName: this.#options.sync.strategy,
      strategy: strategy.state,
      leases: this.#group.leases.snapshot(),
      leasesReturned: this.#group.leasesReturned,
      evaluations: this.#group.evaluations.snapshot(),
      applied,
      outbox,
      drained: this.members.drained,
      finals: finals.map(({ region, mass }) => ({ region, mass })),
      counts: this.#steps.counts,
      rounds: this.#rounds.rounds,
      wanBytesSent: this.#wan.bound(this.members.peers, outbox.headers),
      records: [...this.records.waiting],
      modelHash: this.#modelHash,
    }
    const vectors = {
      ...(this.#replica === null ? {} : replicaVectors(this.#replica)),
      ...strategyVectors(strategy),
      ...Object.fromEntries(this.#outbox.payloads().map(([seq, payload]) => [`outbox/${seq}`, payload])),
      ...Object.fromEntries(finals.map(({ region, values }) => [`final/${region}`, values])),
    }
    return { snapshot: { state, vectors }, mark: { lastSeq: outbox.lastSeq, applied } }
  }

  #restore(state: PartitionState, vectors: Readonly<Record<string, Float32Array>>): void {
    this.#isDrainRequested = state.isDrainRequested
    this.#modelHash = state.modelHash
    this.#group.leasesReturned = state.leasesReturned
    for (const region of state.drained) this.members.drain(region)
    for (const { region, mass } of state.finals) this.#finals.add(region, { mass, values: vectors[`final/${region}`]! })
    if (state.layout === null || state.phase === 'starting') return
    const replica = Replica.create(state.layout, this.#links.memory)
    restoreReplica(replica, state.optimiserSteps, vectors)
    this.#replica = replica
    this.#strategy = this.#createStrategy(replica)
    this.#strategy.restore(strategySnapshot(state.strategy, vectors))
    this.#version = 1
    this.#phase = state.phase
    this.#links.log.info(
      { phase: state.phase, applied: state.applied, sealed: state.outbox.lastSeq },
      'partition restored',
    )
  }
}
