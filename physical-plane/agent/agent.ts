// The agent's core: acts for one region. It joins the supervisor (what runs), the link (what is asked and told), meter,
// logs, model uploads and the desk where parameter servers report. Everything outside comes as an argument, so the very
// same code runs on real processes and on a virtual clock.
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import type { Random } from '#runtime/random.ts'
import type { Evaluation__Output } from '#proto/generated/cloudless/v1/Evaluation.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import type { InstanceServiceHandlers } from '#proto/generated/cloudless/v1/InstanceService.ts'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { ObservedInstance } from '#proto/generated/cloudless/v1/ObservedInstance.ts'
import type { ObservedState } from '#proto/generated/cloudless/v1/ObservedState.ts'
import type { Implementation, RpcClient } from '#proto/rpc/service.ts'
import { agentConfig, type AgentConfig } from './config.ts'
import { countStates } from './count-states.ts'
import { ControlLink, type Absence, type LinkEnd } from './control-link.ts'
import type { Device } from './devices.ts'
import { collectGatewayMetrics } from './gateway-metrics.ts'
import type { GatewayLink } from './gateway-desk.ts'
import { collectGpuMetrics } from './gpu-metrics.ts'
import { directiveOf, placeIn } from './directives.ts'
import type { InstanceLife } from './instance-life.ts'
import { InstanceDesk } from './instance-service.ts'
import type { Journal } from './journal.ts'
import { forgetLastWords, keepLastWords, lastWordsOf } from './last-words.ts'
import { LogShipper } from './log-shipper.ts'
import { MachineDevices, type MachineOptions } from './machine-devices.ts'
import { Meters } from './meters.ts'
import { ModelUploads, type UploadModel } from './model-uploads.ts'
import { observedInstance, refusedInstance, waitingInstance, type Report } from './observed.ts'
import type { InstanceRuntime } from './orders.ts'
import { PartitionMetrics, type PartitionNow } from './partition-metrics.ts'
import { plainPurchase } from './purchase.ts'
import { ServingDesk } from './serving-desk.ts'
import type { ReadServing } from './serving-status.ts'
import type { SharedWeights } from './shared-weights.ts'
import type { Stored } from './storage-meter.ts'
import { Supervisor } from './supervisor.ts'
import { WorkerWatch } from './worker-watch.ts'

export type AgentDependencies = MachineOptions & {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  readonly runtime: InstanceRuntime
  readonly fleet: Pick<RpcClient<FleetServiceHandlers>, 'connect'>
  readonly uploadModel: UploadModel
  readonly journal: Journal
  readonly region: string
  readonly agentId: string
  readonly incarnation: number
  readonly version: string
  /** How functions' instances are heard; none are where it is absent. */
  readonly readServing?: ReadServing
  /** What answers for the region's functions; nothing does where it is absent. */
  readonly gateway?: GatewayLink
  readonly config?: AgentConfig
}

export class Agent {
  readonly #d: AgentDependencies
  readonly #config: AgentConfig
  readonly #devices: MachineDevices
  readonly #supervisor: Supervisor
  readonly #link: ControlLink
  readonly #desk: InstanceDesk
  readonly #meters: Meters
  readonly #logs: LogShipper
  readonly #uploads: ModelUploads
  readonly #watch: WorkerWatch
  readonly #partitions: PartitionMetrics
  readonly #serving: ServingDesk
  readonly #reports = new Map<string, Report>()
  readonly #runningGauge: ReturnType<Metrics['gauge']>
  #isEnded = false

  constructor(dependencies: AgentDependencies) {
    const { clock, random, log, metrics, runtime, journal, region } = dependencies
    this.#d = dependencies
    const config = dependencies.config ?? agentConfig
    this.#config = config
    this.#runningGauge = metrics.gauge('cloudless_agent_instances', 'Instances by state', ['state'])
    const onChange = (): void => this.#link.changed()
    const { purchase = plainPurchase } = dependencies
    this.#devices = new MachineDevices(dependencies)
    const placeOf = (jobId: string, partition: string): string => placeIn(this.#supervisor.desired, jobId, partition)
    const storedOf = (jobId: string, partition: string): Promise<Stored> => runtime.stored(jobId, partition)
    const usedSeconds = (id: string, deviceId: string): number => this.#devices.shares.usedSeconds(id, deviceId)
    this.#meters = new Meters({ clock, log, journal, config, purchase, region, placeOf, storedOf, usedSeconds })
    this.#logs = new LogShipper(runtime, clock, log, config)
    const { uploadModel } = dependencies
    this.#uploads = new ModelUploads({ clock, random, log, journal, config, uploadModel, onChange })
    this.#supervisor = new Supervisor({
      clock,
      random,
      log,
      journal,
      meters: this.#meters,
      slices: this.#devices.slices,
      shares: this.#devices.shares,
      runtime,
      config,
      region,
      onChange,
      letGo: (instanceId) => this.#serving.letGo(instanceId),
      incompleteBecause: (instanceId, signal) => this.#incompleteBecause(instanceId, signal),
      onDesired: () => this.#desiredChanged(),
      onGone: (instanceId) => this.#gone(instanceId),
    })
    this.#partitions = new PartitionMetrics(metrics, region, () => this.#partitionsNow())
    collectGpuMetrics(metrics, () => this.#devices.shares.uses())
    const lives = (): readonly InstanceLife[] => this.#supervisor.lives
    this.#watch = new WorkerWatch({ clock, config, lives })
    const served = { meters: this.#meters, shares: this.#devices.shares, lives, onChange }
    this.#serving = new ServingDesk({
      ...dependencies,
      config,
      ...served,
      desired: () => this.#supervisor.desired,
      isConnected: () => this.#link.isConnected,
    })
    collectGatewayMetrics(metrics, () => this.#serving.gateway.status)
    this.#desk = new InstanceDesk({
      log,
      journal,
      config,
      attemptOf: (instanceId) => this.#runningAttempt(instanceId),
      directiveOf: (instanceId) => directiveOf(this.#supervisor.desired, this.#supervisor.life(instanceId)?.instance),
      onStatus: (instanceId, status) => this.#status(instanceId, status),
      onRound: (instanceId, round) => this.#partitions.heardRound(instanceId, round),
      onEvaluation: (instanceId, evaluation) => this.#evaluated(instanceId, evaluation),
    })
    this.#link = new ControlLink({
      clock,
      random,
      log,
      config,
      fleet: dependencies.fleet,
      journal,
      logs: this.#logs,
      hello: () => this.#hello(),
      observed: () => this.observed(),
      onDesired: (desired) => this.#supervisor.apply(desired),
      onAbsence: (absence) => this.#controlPlaneWasAway(absence),
      isRunningAny: () => this.#supervisor.isRunningAny,
    })
  }

  /** For parameter servers on this machine; to be served on a Unix socket. */
  get instanceService(): Implementation<InstanceServiceHandlers> {
    return this.#desk.service
  }
  get isConnected(): boolean {
    return this.#link.isConnected
  }

  /** Takes over what a predecessor left; then instances live, with or without a control plane. */
  async start(): Promise<void> {
    await this.#supervisor.recover()
    for (const { instanceId, jobId } of this.#supervisor.ended) this.#logs.add(instanceId, jobId)
    this.#desiredChanged()
    this.#tick()
    this.#serving.start()
  }

  /** Stays connected until stopped or refused. */
  run(): Promise<LinkEnd> {
    return this.#link.run()
  }

  /** Ends the agent and its instances, or leaves them running for the next agent. */
  async stop(options: { readonly keepInstances: boolean }): Promise<void> {
    this.#isEnded = true
    this.#serving.stop()
    if (options.keepInstances) this.#supervisor.detachAll()
    else {
      await this.#supervisor.stopAll('its agent is stopped')
      await this.#link.flush()
    }
    await this.#serving.gateway.stop({ keep: options.keepInstances })
    this.#devices.shares.close({ keepsFiles: options.keepInstances })
    this.#uploads.stop()
    this.#link.stop()
  }

  /** As a kill -9: nothing more is written, sent or started. For simulations. */
  abandon(): void {
    this.#isEnded = true
    this.#serving.stop()
    this.#d.journal.close()
    this.#supervisor.detachAll()
    this.#devices.shares.close({ keepsFiles: true })
    this.#uploads.stop()
    this.#link.stop()
  }

  /** The machine's devices are these from now on: instances on what is gone are ended, and wait for it or another one. */
  devicesAre(devices: readonly Device[]): void {
    if (this.#isEnded) return
    for (const { instanceId, fault } of this.#devices.change(devices))
      void this.#supervisor.life(instanceId)?.restart(fault)
    this.#link.changed()
  }

  /** Functions with an instance here. */
  get functions(): readonly string[] {
    const lives = this.#supervisor.lives.filter(({ instance }) => instance.role === 'inference')
    return [...new Set(lives.map(({ jobId }) => jobId))]
  }

  /** Copies of weights that instances use together on the GPUs, from now on. */
  weightsAre(weights: readonly SharedWeights[]): void {
    if (this.#isEnded) return
    this.#devices.weightsAre(weights)
    this.#link.changed()
  }

  /** The machine will be taken away then; null: it stays. The control plane hears of it at once. */
  endsAt(endsAtMs: number | null): void {
    this.#devices.endsAtMs = endsAtMs
    this.#link.changed()
  }

  observed(): ObservedState {
    const { desired, lives } = this.#supervisor
    const trouble = this.#d.journal.trouble
    const instances: ObservedInstance[] = lives.map((life) => {
      const digest = this.#uploads.digestOf(life.id, life.instance.resumption)
      return observedInstance(life, this.#reportOf(life), digest, trouble, this.#serving.reportOf(life))
    })
    // With a disk that takes nothing, not even what is desired can be acted on.
    const begun = new Set(lives.map(({ id }) => id))
    const waiting = desired.instances.filter(({ id }) => trouble !== '' && !begun.has(id))
    const others = [...desired.refused.map(refusedInstance), ...waiting.map((each) => waitingInstance(each, trouble))]
    return {
      instances: [...instances, ...others],
      desiredRevision: desired.revision,
      devices: this.#devices.wire(),
      uses: this.#devices.shares.uses(),
      ...this.#serving.observed(this.#d.region),
    }
  }

  #hello() {
    const { region, agentId, incarnation, version } = this.#d
    return {
      region,
      agentId,
      incarnation,
      version,
      protocolVersion: this.#config.protocolVersion,
      devices: this.#devices.wire(),
    }
  }

  /** A job that trained on without the control plane has that in its history, which nobody else can tell. */
  #controlPlaneWasAway({ fromMs, seconds }: Absence): void {
    const { journal, region } = this.#d
    const jobs = new Set(this.#supervisor.lives.filter(({ run }) => run !== null).map(({ jobId }) => jobId))
    const text = `no word from the control plane for ${seconds.toFixed(1)} s; went on without it`
    const records = [...jobs].sort().map((jobId) => {
      return { event: { jobId, instanceId: `${jobId}/${region}`, kind: 'unattended', text, atMs: Math.floor(fromMs) } }
    })
    if (records.length > 0) void journal.append({ records })
  }

  /** Slow work, every window: metering, limits, forgetting. */
  #tick(): void {
    this.#d.clock.after(this.#config.windowMs, () => {
      if (this.#isEnded) return
      this.#meters.tick()
      void this.#sweepStaged()
      this.#limitLogs()
      countStates(this.#supervisor.lives, this.#runningGauge)
      void this.#supervisor
        .forgetEnded((instanceId) => this.#logs.isShipped(instanceId))
        .catch((error: unknown) =>
          this.#d.log.error({ why: messageOf(error) }, 'ended instances could not be forgotten'),
        )
      this.#tick()
    })
  }

  /** Fetched data goes once its job wants it no more here and nothing of the job runs here. */
  async #sweepStaged(): Promise<void> {
    const { desired, lives } = this.#supervisor
    const wanted = desired.instances.filter(({ partitions }) => partitions.length > 0).map(({ jobId }) => jobId)
    const needed = new Set([...wanted, ...lives.filter(({ run }) => run !== null).map(({ jobId }) => jobId)])
    await this.#d.runtime
      .sweepStaged((jobId) => needed.has(jobId))
      .catch((error: unknown) => this.#d.log.warn({ why: messageOf(error) }, 'fetched data could not be removed'))
  }

  #limitLogs(): void {
    const { logBytesMax } = this.#config
    for (const life of this.#supervisor.lives)
      if (this.#logs.sizeBytes(life.id) > logBytesMax)
        void life.restart(`its log is larger than ${logBytesMax} bytes; print less`)
  }

  #partitionsNow(): readonly PartitionNow[] {
    return this.#supervisor.lives.flatMap(({ id, jobId, run }) => {
      const progress = this.#reports.get(id)?.status?.progress ?? null
      return run === null || progress === null ? [] : [{ instanceId: id, jobId, progress }]
    })
  }

  #desiredChanged(): void {
    for (const life of this.#supervisor.lives) {
      this.#logs.add(life.id, life.jobId)
      this.#recall(life)
      void this.#offerModel(life)
    }
    this.#desk.directivesChanged()
  }

  /** Null until the instance's partition has said something since its job was resumed last. */
  #reportOf({ id, instance }: InstanceLife): Report | null {
    const report = this.#reports.get(id)
    return report?.resumption === instance.resumption ? report : null
  }

  /** What a finished parameter server told this agent's predecessor. */
  #recall(life: InstanceLife): void {
    if (this.#reportOf(life) !== null) return
    const words = lastWordsOf(this.#d.journal, life.id)
    if (words !== null) this.#reports.set(life.id, { ...words, evaluation: {} })
  }

  /** Every region has the final model; the control plane says which one brings it, and may change its mind. */
  async #offerModel(life: InstanceLife): Promise<void> {
    const { id, jobId, instance } = life
    const path = this.#reportOf(life)?.status?.modelPath ?? ''
    if (instance.uploadsModel && path !== '') await this.#uploads.offer(id, jobId, instance.resumption, path)
  }

  #gone(instanceId: string): void {
    this.#logs.remove(instanceId)
    this.#reports.delete(instanceId)
    this.#watch.forget(instanceId)
    this.#partitions.forget(instanceId)
    void this.#uploads.forget(instanceId)
    void forgetLastWords(this.#d.journal, instanceId)
  }

  #runningAttempt(instanceId: string): number | null {
    const life = this.#supervisor.life(instanceId)
    return life !== undefined && life.run !== null ? life.attempt : null
  }

  async #status(instanceId: string, status: InstanceStatus__Output): Promise<void> {
    const life = this.#supervisor.life(instanceId)
    if (life === undefined) return
    const { resumption } = life.instance
    const evaluation = this.#reportOf(life)?.evaluation ?? {}
    this.#reports.set(instanceId, { attempt: life.attempt, resumption, status, evaluation })
    const { jobId, attempt } = life
    const { role } = life.instance
    const purpose = role === 'data-server' ? 'data' : 'sync'
    this.#meters.sent(instanceId, { jobId, attempt, purpose, totals: status.wanBytesSent })
    if (role === 'data-server')
      this.#meters.sent(instanceId, { jobId, attempt, purpose: 'checkpoint', totals: status.wanBytesOfCheckpoints })
    this.#meters.fetched(instanceId, { jobId, attempt, purpose: 'data', totals: status.wanBytesFetched })
    if (role === 'parameter-server') {
      this.#meters.heard(instanceId, status)
      this.#watch.heard(life, status)
    }
    this.#link.changed()
    if (status.progress?.phase !== 'PARTITION_PHASE_FINISHED') return
    await keepLastWords(this.#d.journal, instanceId, { attempt: life.attempt, resumption, status })
    await this.#offerModel(life)
  }

  #evaluated(instanceId: string, evaluation: Evaluation__Output): void {
    const life = this.#supervisor.life(instanceId)
    if (life === undefined) return
    const { resumption } = life.instance
    const status = this.#reportOf(life)?.status ?? null
    this.#reports.set(instanceId, { attempt: life.attempt, resumption, status, evaluation: evaluation.metrics })
    this.#link.changed()
  }

  /** A parameter server that was to upload the model must have said where it is; for a worker training must be over. */
  async #incompleteBecause(instanceId: string, signal: AbortSignal): Promise<string> {
    const life = this.#supervisor.life(instanceId)
    if (life?.instance.role === 'inference') return 'it ended, though it is to answer requests'
    if (life?.instance.role === 'worker') return this.#watch.incompleteBecause(life, signal)
    const isMissing =
      life?.instance.uploadsModel === true && !this.#uploads.isKnown(instanceId, life.instance.resumption)
    return isMissing ? 'it ended without naming its final model' : ''
  }
}
