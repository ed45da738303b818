// Several partitions of one job on a virtual clock, for tests: workers that compute exact gradients, a network that
// delays, repeats and cuts, disks that take their time, and crashes that lose everything but the disk.
import { silentLog } from '#runtime/log.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import { memoryCheckpoints, type CheckpointStore } from './checkpoint.ts'
import type { PartitionOptions } from './partition-options.ts'
import type { PartitionState } from './partition-state.ts'
import { Partition } from './partition.ts'
import { VectorMemory } from './replica/memory.ts'
import type { Layout, ParameterGroup } from './replica/layout.ts'
import type { SyncOptions } from './sync/strategy.ts'
import type { Update } from './sync/update.ts'
import type { StepOutcome } from './worker-side.ts'

export type GradientOf = (at: {
  readonly region: string
  readonly epoch: number
  readonly position: number
  readonly values: Float32Array
}) => readonly number[]

type RegionOptions = {
  readonly name: string
  readonly samples: number
  readonly workers?: number
  /** Samples of a step; the cluster's `batch` where it is missing. */
  readonly batch?: number
}

export type ClusterOptions = {
  readonly regions: readonly RegionOptions[]
  readonly sync: SyncOptions
  readonly layout: Layout
  readonly initial: readonly number[]
  readonly gradientOf: GradientOf
  readonly learningRate: number
  readonly epochs?: number
  readonly batch?: number
  readonly leaseSamples?: number
  readonly workerMode?: 'asynchronous' | 'synchronous'
  readonly seed?: number
  /** Longest delay of a message, a step and a checkpoint, in milliseconds. */
  readonly delayMs?: number
  /** Chance that a delivery is repeated or lost. */
  readonly trouble?: number
}

export function aLayout(
  parameters: number,
  options: { buffers?: number; kind?: 'sgd' | 'adamw'; group?: Partial<ParameterGroup> } = {},
): Layout {
  const tensor = (name: string, length: number, isBuffer: boolean) => {
    return { name, shape: [length], length, group: 0, isBuffer, dtype: 'float32' }
  }
  const group = {
    learningRate: 0.125,
    weightDecay: 0,
    momentum: 0,
    dampening: 0,
    nesterov: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    ...options.group,
  }
  const buffers = options.buffers === undefined ? [] : [tensor('running', options.buffers, true)]
  return {
    tensors: [tensor('weight', parameters, false), ...buffers],
    optimiser: { kind: options.kind ?? 'sgd', groups: [group] },
  }
}

export function sync(strategy: string, options: Partial<SyncOptions> = {}): SyncOptions {
  return { strategy, interval: 0, mode: '', delayCompensation: 0, ...options }
}

type Node = {
  readonly name: string
  readonly store: CheckpointStore
  readonly options: PartitionOptions
  partition: Partition
  incarnation: number
  life: AbortController
}

export class Cluster {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly nodes = new Map<string, Node>()
  readonly #options: ClusterOptions
  /** Until when a link is cut, by `from to`. */
  readonly #cuts = new Map<string, number>()
  readonly memory = VectorMemory.create(2 ** 20)
  readonly evaluations: { readonly region: string; readonly isFinal: boolean }[] = []
  failure: unknown = null
  #workers = 0

  private constructor(options: ClusterOptions) {
    this.#options = options
    this.random = seededRandom(options.seed ?? 1)
  }

  static async open(options: ClusterOptions, holdoutRegion = ''): Promise<Cluster> {
    const cluster = new Cluster(options)
    const total = options.regions.reduce((sum, { samples }) => sum + samples, 0)
    for (const { name, samples } of options.regions) {
      const partitionOptions: PartitionOptions = {
        jobId: 'job',
        region: name,
        members: options.regions.map((region) => ({ region: region.name, dataShare: region.samples / total })),
        samples,
        epochs: options.epochs ?? 1,
        leaseSamples: options.leaseSamples ?? 8,
        stallTimeoutMs: 60_000,
        workerMode: options.workerMode ?? 'asynchronous',
        sync: options.sync,
        seed: 7,
        hasHoldout: name === holdoutRegion,
      }
      const store = memoryCheckpoints()
      const node = { name, store, options: partitionOptions, incarnation: 0, life: new AbortController() }
      cluster.nodes.set(name, { ...node, partition: await cluster.#openPartition({ ...node, incarnation: 0 }) })
    }
    for (const node of cluster.nodes.values()) cluster.#start(node)
    return cluster
  }

  at(region: string): Partition {
    return this.nodes.get(region)!.partition
  }

  /** kill -9 and a restart from the disk. */
  async crash(region: string): Promise<void> {
    const node = this.nodes.get(region)!
    node.incarnation += 1
    node.life.abort(new Error('crashed'))
    node.life = new AbortController()
    node.partition = await this.#openPartition(node)
    this.#start(node)
  }

  /** Nothing crosses between the two regions, either way, for so long; what is under way is lost. */
  cut(one: string, other: string, forMs: number): void {
    const untilMs = this.clock.now() + forMs
    for (const link of [`${one} ${other}`, `${other} ${one}`]) {
      this.#cuts.set(link, Math.max(untilMs, this.#cuts.get(link) ?? 0))
    }
  }

  /** Runs until every partition has finished; fails when that takes longer than `limitMs` of virtual time. */
  async finish(limitMs = 3_600_000): Promise<void> {
    const untilMs = this.clock.now() + limitMs
    await settle()
    while (![...this.nodes.values()].every(({ partition }) => partition.isReleased)) {
      if (this.failure !== null) throw this.failure
      const hasStepped = await this.clock.step(untilMs)
      if (!hasStepped) {
        const states = [...this.nodes.values()].map(({ name, partition }) => ({ name, ...partition.progress() }))
        throw new Error(`the cluster stands still: ${JSON.stringify(states)}`)
      }
    }
  }

  /** The model that all regions ended with; throws where they differ in a bit. */
  agreedReplica(): Float32Array {
    const partitions = [...this.nodes.values()].map(({ partition }) => partition)
    const hashes = partitions.map((partition) => partition.progress().modelHash)
    const replicas = partitions.map((partition) => partition.replica!.values)
    const [first] = replicas
    const isEqual = replicas.every((values) => values.every((value, i) => Object.is(value, first![i])))
    if (isEqual && new Set(hashes).size === 1 && hashes[0] !== '') return first!
    throw new Error(`regions ended with different models: ${hashes.join(', ')} ${replicas.join(' | ')}`)
  }

  /**
   * The last update of every region, by region; throws where another region's version vector, at hand or on its disk,
   * says anything else.
   */
  async agreedVersions(): Promise<ReadonlyMap<string, number>> {
    const states = await this.durableStates()
    const lastSeqs = new Map(Array.from(states, ([name, { outbox }]) => [name, outbox.lastSeq]))
    for (const [name, { partition }] of this.nodes) {
      for (const [peer, lastSeq] of lastSeqs) {
        if (peer === name) continue
        const found = [partition.appliedSeqOf(peer), states.get(name)!.applied[peer]]
        if (found.every((seq) => seq === lastSeq)) continue
        throw new Error(`${name} has applied ${found.join(', durably ')} of the ${lastSeq} updates of ${peer}`)
      }
    }
    return lastSeqs
  }

  /** What a restart would find, by region. */
  async durableStates(): Promise<ReadonlyMap<string, PartitionState>> {
    const states = new Map<string, PartitionState>()
    for (const { name, store } of this.nodes.values()) states.set(name, (await store.load())!.state as PartitionState)
    return states
  }

  #delay(): number {
    return this.random.next() * (this.#options.delayMs ?? 10)
  }

  #regionOf(node: Node): RegionOptions {
    return this.#options.regions.find(({ name }) => name === node.name)!
  }

  #openPartition(node: Pick<Node, 'store' | 'options' | 'incarnation' | 'name'>): Promise<Partition> {
    const { store, options, incarnation, name } = node
    const isAlive = (): boolean =>
      this.nodes.get(name) === undefined || this.nodes.get(name)!.incarnation === incarnation
    return Partition.open(options, {
      clock: this.clock,
      log: silentLog,
      memory: this.memory,
      publishModel: () => Promise.resolve('model.safetensors'),
      checkpoints: {
        load: () => store.load(),
        save: async (snapshot) => {
          await this.clock.sleep(this.#delay())
          if (isAlive()) await store.save(snapshot)
          else await new Promise(() => {})
        },
      },
    })
  }

  #start(node: Node): void {
    const { signal } = node.life
    const guard = (work: Promise<void>): void => {
      work.catch((error: unknown) => {
        if (!signal.aborted) this.failure ??= error
      })
    }
    const workers = this.#regionOf(node).workers ?? 1
    for (let index = 0; index < workers; index++) guard(this.#work(node, node.partition, signal))
    for (const peer of this.nodes.keys()) if (peer !== node.name) guard(this.#pull(node, peer, signal))
  }

  /** One stream of updates from `peer` that is cut, repeated and slow. */
  async #pull(node: Node, peer: string, signal: AbortSignal): Promise<void> {
    const { partition } = node
    const isTrouble = (): boolean => this.random.next() < (this.#options.trouble ?? 0)
    const isCut = (): boolean => (this.#cuts.get(`${peer} ${node.name}`) ?? 0) > this.clock.now()
    let earlier: Update | null = null
    while (!signal.aborted) {
      await this.clock.sleep(this.#delay(), signal)
      if (isCut()) continue
      const update = this.at(peer).updateAfter(partition.appliedSeqOf(peer))
      if (update !== null && !isTrouble()) {
        const { targetRegion } = update.header
        const isForUs = targetRegion === '' || targetRegion === node.name
        const sent = { header: update.header, payload: isForUs ? update.payload.slice() : new Float32Array(0) }
        await this.clock.sleep(this.#delay(), signal)
        if (signal.aborted) return
        if (isCut()) continue
        await deliver(partition, sent, signal)
        if (isTrouble()) await deliver(partition, sent, signal)
        // Out of order: one that was overtaken by the one above.
        if (earlier !== null && isTrouble()) await deliver(partition, earlier, signal)
        earlier = sent
      }
      // A life that ended says nothing; one that goes on says only what is durable.
      if (!signal.aborted && !isCut() && !isTrouble())
        this.at(peer).acknowledge(node.name, partition.durableSeqOf(peer))
    }
  }

  async #work(node: Node, partition: Partition, signal: AbortSignal): Promise<void> {
    const { layout, initial, learningRate, gradientOf } = this.#options
    const batch = this.#regionOf(node).batch ?? this.#options.batch ?? 2
    const workerId = `worker-${++this.#workers}`
    await this.clock.sleep(this.#delay(), signal)
    if (signal.aborted) return
    const membership = partition.join({ workerId, instanceId: workerId, attempt: 1, layout })
    if (membership.wantsInitial) partition.initialise(workerId, Float32Array.from(initial))
    await partition.whenReady(signal)
    for (;;) {
      const lease = await partition.lease(workerId, signal)
      if (signal.aborted) return
      if (lease.outcome === 'finished') break
      if (lease.outcome === 'evaluate') {
        this.evaluations.push({ region: node.name, isFinal: lease.isFinal })
        partition.evaluation(workerId, partition.progress().epoch, { accuracy: 0.5 }, lease.isFinal)
        continue
      }
      for (let at = lease.start; at < lease.end; at += batch) {
        const end = Math.min(lease.end, at + batch)
        const values = partition.replica!.values
        const gradient = new Float32Array(values.length)
        for (let position = at; position < end; position++) {
          const parts = gradientOf({ region: node.name, epoch: lease.epoch, position, values })
          for (let i = 0; i < parts.length; i++) gradient[i] = gradient[i]! + parts[i]!
        }
        await this.clock.sleep(this.#delay(), signal)
        if (signal.aborted) return
        const outcome: StepOutcome = await partition.step({
          workerId,
          leaseId: lease.leaseId,
          leaseUsed: end - lease.start,
          samples: end - at,
          loss: 1,
          learningRates: [learningRate],
          gradient,
        })
        if (signal.aborted) return
        if (outcome.status === 'refused') throw new Error(outcome.text)
        if (outcome.status !== 'done') break
      }
    }
    partition.leave(workerId, 'done')
  }
}

/** Takes the payload back afterwards, as a receive buffer would be. */
async function deliver(partition: Partition, { header, payload }: Update, signal: AbortSignal): Promise<void> {
  const lent = payload.slice()
  await partition.receive({ header, payload: lent }, signal)
  lent.fill(Number.NaN)
}

/** Small whole numbers that depend on everything, so that sums in float32 are exact in any order. */
export const wholeGradients: GradientOf = ({ region, epoch, position, values }) =>
  Array.from(
    values,
    (_, i) => ((region.charCodeAt(region.length - 1) * 31 + epoch * 17 + position * 7 + i * 5) % 9) - 4,
  )
