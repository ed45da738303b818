// A machine and a control plane in memory, for tests of the agent's core on the virtual clock. The machine outlives
// agents, as a real one does, and fails a test at once when two runs of one instance are alive.
import { assert, present } from '#runtime/assert.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import type { Exit, RecoveredRun, Run } from '#physical-plane/runtime/runtime.ts'
import type { ConnectRequest } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { ConnectResponse__Output } from '#proto/generated/cloudless/v1/ConnectResponse.ts'
import type { Device } from '#proto/generated/cloudless/v1/Device.ts'
import type { DeviceUse } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { ServedFunction__Output } from '#proto/generated/cloudless/v1/ServedFunction.ts'
import type { DesiredInstance__Output } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { JobSpec__Output } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { ObservedInstance } from '#proto/generated/cloudless/v1/ObservedInstance.ts'
import { Agent, type AgentDependencies } from './agent.ts'
import { agentConfig } from './config.ts'
import { nextIdentity } from './identity.ts'
import { Journal, memoryJournalStorage, type NumberedRecord } from './journal.ts'
import type { InstanceOrder, InstanceRuntime } from './orders.ts'
import type { Stored } from './storage-meter.ts'

type Live = { readonly run: Run; readonly end: (exit: Exit) => void; isAlive: boolean; exit: Exit | null }

export class Machine implements InstanceRuntime {
  readonly launches: string[] = []
  readonly forgottenJobs: string[] = []
  /** Jobs of which data of other regions lies here. */
  readonly staged = new Set<string>()
  readonly #clock: VirtualClock
  readonly #runs = new Map<string, Live>()
  readonly #logs = new Map<string, Buffer>()
  /** Thrown by the next launches. */
  launchError: Error | null = null

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  get alive(): readonly string[] {
    return [...this.#runs.values()]
      .filter(({ isAlive }) => isAlive)
      .map(({ run }) => `${run.instanceId}#${run.attempt}`)
  }

  recover(): Promise<readonly RecoveredRun[]> {
    return Promise.resolve([...this.#runs.values()].map(({ run, isAlive }) => ({ ...run, wasAlive: isAlive })))
  }

  launch(order: InstanceOrder): Promise<Run> {
    if (this.launchError !== null) return Promise.reject(this.launchError)
    const { instance, attempt, slices } = order
    assert(this.#runs.get(instance.id)?.isAlive !== true, `${instance.id} is launched while it is alive`)
    this.launches.push(`${instance.id}#${attempt}`)
    const { promise: exited, resolve: end } = Promise.withResolvers<Exit>()
    const run = {
      instanceId: instance.id,
      jobId: instance.jobId,
      attempt,
      slices,
      startedAtMs: this.#clock.now(),
      exited,
    }
    this.#runs.set(instance.id, { run, end, isAlive: true, exit: null })
    return Promise.resolve(run)
  }

  /** Programs take 100 ms to end when they are asked. */
  async stop(instanceId: string): Promise<void> {
    const live = this.#runs.get(instanceId)
    if (live?.isAlive !== true) return
    await this.#clock.sleep(100)
    this.exit(instanceId, null, 'SIGTERM')
  }

  readLog(instanceId: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    return Promise.resolve((this.#logs.get(instanceId) ?? Buffer.alloc(0)).subarray(offset, offset + bytesMax))
  }

  logBytes(instanceId: string): Promise<number> {
    return Promise.resolve(this.#logs.get(instanceId)?.length ?? 0)
  }

  forget(instanceId: string): Promise<void> {
    assert(this.#runs.get(instanceId)?.isAlive !== true, `${instanceId} is forgotten while it is alive`)
    this.#runs.delete(instanceId)
    this.#logs.delete(instanceId)
    return Promise.resolve()
  }

  forgetJob(jobId: string): Promise<void> {
    this.forgottenJobs.push(jobId)
    return Promise.resolve()
  }

  stored(): Promise<Stored> {
    return Promise.resolve({ checkpoint: 0, data: 0 })
  }

  sweepStaged(isNeeded: (jobId: string) => boolean): Promise<void> {
    for (const jobId of this.staged) if (!isNeeded(jobId)) this.staged.delete(jobId)
    return Promise.resolve()
  }

  exit(instanceId: string, code: number | null, signal: string | null = null): void {
    const live = present(this.#runs.get(instanceId), `run of ${instanceId}`)
    if (!live.isAlive) return
    live.isAlive = false
    live.end({ code, signal, endedAtMs: this.#clock.now() })
  }

  print(instanceId: string, data: string | Uint8Array): void {
    this.#logs.set(
      instanceId,
      Buffer.concat([this.#logs.get(instanceId) ?? Buffer.alloc(0), Buffer.from(data as string)]),
    )
  }
}

/** Applies journal records once and keeps logs by offset, as the real one does. */
export class ControlPlane {
  readonly records: NumberedRecord[] = []
  readonly logs = new Map<string, Buffer>()
  readonly hellos: ConnectRequest['hello'][] = []
  readonly observed = new Map<string, ObservedInstance>()
  devices: readonly Device[] = []
  uses: readonly DeviceUse[] = []
  desiredRevisionSeen = 0
  observedCount = 0
  isDown = false
  refusal: CloudlessError | null = null
  acknowledges = true
  #desired: {
    revision: number
    instances: DesiredInstance__Output[]
    addressBooks: never[]
    keptJobIds: string[]
    functions: ServedFunction__Output[]
    pipelines: never[]
  } | null = null
  #streams = new Set<AsyncQueue<ConnectResponse__Output>>()

  desire(
    instances: readonly DesiredInstance__Output[],
    keptJobIds: readonly string[] = [],
    functions: ServedFunction__Output[] = [],
  ): void {
    const revision = (this.#desired?.revision ?? 0) + 1
    this.#desired = {
      revision,
      instances: [...instances],
      addressBooks: [],
      keptJobIds: [...keptJobIds],
      functions,
      pipelines: [],
    }
    for (const stream of this.#streams) stream.offer({ message: 'desired', desired: this.#desired })
  }

  cut(): void {
    for (const stream of this.#streams) stream.fail(new CloudlessError('unavailable', 'UNAVAILABLE', 'cut'))
  }

  readonly fleet: AgentDependencies['fleet'] = {
    connect: (requests, options) => this.#connect(requests, options?.signal),
  }

  async *#connect(
    requests: AsyncIterable<ConnectRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<ConnectResponse__Output> {
    if (this.isDown) throw new CloudlessError('unavailable', 'UNAVAILABLE', 'the control plane is down')
    const stream = new AsyncQueue<ConnectResponse__Output>({ limit: 1_000 })
    this.#streams.add(stream)
    signal?.addEventListener('abort', () => stream.end(), { once: true })
    const reading = this.#read(requests, stream).catch((error: unknown) => stream.fail(error))
    try {
      yield* stream
    } finally {
      this.#streams.delete(stream)
      stream.end()
      void reading
    }
  }

  async #read(requests: AsyncIterable<ConnectRequest>, stream: AsyncQueue<ConnectResponse__Output>): Promise<void> {
    for await (const request of requests) {
      if (stream.isClosed) return
      this.#receive(request, stream)
    }
  }

  #receive({ hello, observed, journal, log }: ConnectRequest, stream: AsyncQueue<ConnectResponse__Output>): void {
    if (hello != null) {
      this.hellos.push(hello)
      if (this.refusal !== null) throw this.refusal
      const journalSeq = this.records.at(-1)?.seq ?? 0
      stream.offer({ message: 'welcome', welcome: { heartbeatMs: 1_000, leaseMs: 5_000, journalSeq } })
      if (this.#desired !== null) stream.offer({ message: 'desired', desired: this.#desired })
    }
    if (observed != null) this.#observe(observed.instances ?? [], Number(observed.desiredRevision))
    if (observed != null) this.devices = observed.devices ?? []
    if (observed != null) this.uses = observed.uses ?? []
    if (journal != null && this.acknowledges) {
      for (const record of journal.records ?? [])
        if (Number(record.seq) > (this.records.at(-1)?.seq ?? 0))
          this.records.push({ ...record, seq: Number(record.seq) })
      stream.offer({ message: 'journalAck', journalAck: { seq: this.records.at(-1)?.seq ?? 0 } })
    }
    if (log != null) {
      const instanceId = log.instanceId ?? ''
      const held = this.logs.get(instanceId) ?? Buffer.alloc(0)
      if (Number(log.offset) === held.length) this.logs.set(instanceId, Buffer.concat([held, log.data as Buffer]))
      stream.offer({ message: 'logAck', logAck: { instanceId, offset: this.logs.get(instanceId)?.length ?? 0 } })
    }
  }

  #observe(instances: readonly ObservedInstance[], revision: number): void {
    this.observedCount += 1
    this.desiredRevisionSeen = revision
    this.observed.clear()
    for (const instance of instances) this.observed.set(instance.id ?? '', instance)
  }
}

export function aWorker(over: Partial<DesiredInstance__Output> = {}): DesiredInstance__Output {
  return {
    id: 'j-1/lab/worker-0',
    jobId: 'j-1',
    role: 'INSTANCE_ROLE_WORKER',
    spec: aSpec(),
    region: 'onprem/lab',
    deviceModel: 'cpu',
    units: 1,
    workers: 1,
    dataShare: 1,
    resumption: 0,
    drain: false,
    uploadsModel: false,
    usdPerUnitHour: 0.1,
    partition: '',
    market: 'on-demand',
    zone: '',
    instanceType: '',
    moves: 0,
    partitions: [],
    checkpointFrom: '',
    gpuShare: null,
    inference: null,
    ...over,
  }
}

export function aParameterServer(over: Partial<DesiredInstance__Output> = {}): DesiredInstance__Output {
  return aWorker({ id: 'j-1/lab/parameter-server', role: 'INSTANCE_ROLE_PARAMETER_SERVER', units: 0, ...over })
}

export function aSpec(over: Partial<JobSpec__Output> = {}): JobSpec__Output {
  const training = {
    epochs: 1,
    seed: 1,
    workerMode: 'asynchronous',
    leaseSamples: 32,
    target: null,
    stallTimeoutSeconds: 60,
    restartsMax: 3,
  }
  const code = { bundleDigest: 'a'.repeat(64), entrypoint: 'train.py', arguments: [], environment: {} }
  return {
    name: 'job',
    function: code,
    shards: [],
    holdout: null,
    sync: null,
    training,
    resources: null,
    policy: '',
    objective: null,
    budget: null,
    owner: '',
    labels: {},
    ...over,
  }
}

/** Of a function without an objective on whole devices. */
export function anInferenceSpec(over: Partial<InferenceSpec__Output> = {}): InferenceSpec__Output {
  return {
    name: 'classify',
    bundleDigest: 'a'.repeat(64),
    handler: 'model:Classifier',
    environment: {},
    slo: null,
    instancesMin: 1,
    instancesMax: 3,
    batchMax: 8,
    gpuShare: null,
    memoryBytes: 0,
    deviceModels: [],
    regions: [],
    owner: '',
    labels: {},
    autoscaler: '',
    timeoutMs: 0,
    queueMax: 0,
    atMostOnce: false,
    profile: [],
    ...over,
  }
}

export type World = {
  readonly clock: VirtualClock
  readonly machine: Machine
  readonly controlPlane: ControlPlane
  /** A new agent on the machine's disk, as after a start of the process. */
  readonly startAgent: (over?: Partial<AgentDependencies>) => Promise<Agent>
}

export function aWorld(cpuUnits = 2): World {
  const clock = new VirtualClock()
  const machine = new Machine(clock)
  const controlPlane = new ControlPlane()
  const storage = memoryJournalStorage()
  let seed = 0
  const startAgent: World['startAgent'] = async (over = {}) => {
    const random = seededRandom(++seed)
    const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
    const identity = await nextIdentity(journal, random)
    const agent = new Agent({
      clock,
      random,
      log: silentLog,
      metrics: createMetrics(),
      runtime: machine,
      fleet: controlPlane.fleet,
      uploadModel: () => Promise.resolve('d'.repeat(64)),
      journal,
      region: 'onprem/lab',
      version: '0.1.0',
      devices: [{ id: 'cpu-0', model: 'cpu', units: cpuUnits, memoryBytes: 2 ** 30 }],
      ...identity,
      ...over,
    })
    await agent.start()
    return agent
  }
  return { clock, machine, controlPlane, startAgent }
}
