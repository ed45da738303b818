// Several partitions of one job on a virtual clock, for tests: workers that compute exact gradients, a network that
// delays, repeats and cuts, disks that take their time, and crashes that lose everything but the disk.
import { silentLog } from '#runtime/log.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import { ClusterTrouble, retryMs, type Fetched } from './cluster-trouble.fixture.ts'
import { memoryCheckpoints, type CheckpointStore } from './checkpoint.ts'
import type { PartitionOptions } from './partition-options.ts'
import type { PartitionState } from './partition-state.ts'
import type { AddressBook } from './members.ts'
import { Partition } from './partition.ts'
import { VectorMemory } from './replica/memory.ts'
import type { Layout } from './replica/layout.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { deliver } from './deliver.fixture.ts'
import { optionsOf, type ChosenSync, type GradientOf } from './partition.fixture.ts'
import { payloadMemory } from './peers/payload-memory.ts'
import type { PeerFetcher } from './peers/peer-side.ts'
import type { Update } from './sync/update.ts'
import type { PeerStatus } from './rounds/types.ts'
import type { StepOutcome } from './worker-side.ts'

type RegionOptions = {
  readonly name: string
  readonly samples: number
  readonly workers?: number
  /** Samples of a step; the cluster's `batch` where it is missing. */
  readonly batch?: number
}

export type ClusterOptions = {
  readonly regions: readonly RegionOptions[]
  readonly sync: ChosenSync
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
  /** What a checkpoint takes on top. */
  readonly saveMs?: number
  /** Chance that a delivery is repeated or lost. */
  readonly trouble?: number
  /** Sees every payload that was fetched, and may change it. */
  readonly onFetched?: (fetched: Fetched) => void
}

type Node = {
  readonly name: string
  store: CheckpointStore
  options: PartitionOptions
  partition: Partition
  incarnation: number
  life: AbortController
}

export class Cluster {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly nodes = new Map<string, Node>()
  readonly #options: ClusterOptions
  readonly trouble = new ClusterTrouble(this.clock)
  readonly memory = VectorMemory.create(2 ** 20)
  readonly evaluations: { readonly region: string; readonly isFinal: boolean }[] = []
  failure: unknown = null
  hasLostDisk = false
  #workers = 0

  private constructor(options: ClusterOptions) {
    this.#options = options
    this.random = seededRandom(options.seed ?? 1)
  }

  static async open(options: ClusterOptions, holdoutRegion = ''): Promise<Cluster> {
    const cluster = new Cluster(options)
    const total = options.regions.reduce((sum, { samples }) => sum + samples, 0)
    const members = options.regions.map(({ name, samples }) => ({ region: name, dataShare: samples / total }))
    for (const { name, samples } of options.regions) {
      const partitionOptions = optionsOf(options.sync, {
        region: name,
        members,
        samples,
        epochs: options.epochs ?? 1,
        leaseSamples: options.leaseSamples ?? 8,
        workerMode: options.workerMode ?? 'asynchronous',
        hasHoldout: name === holdoutRegion,
      })
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
    // Its last checkpoint never comes to be: the disk knows another life by now.
    void node.partition.stop()
    node.partition = await this.#openPartition(node)
    this.#start(node)
  }

  /** Lost with its disk: the machine comes back empty. */
  async loseDisk(region: string): Promise<void> {
    const node = this.nodes.get(region)!
    node.store = memoryCheckpoints()
    node.options = { ...node.options, attempt: node.options.attempt + 1 }
    await this.crash(region)
  }

  /** Somebody else has begun, so what is lost can be had from them; no other disk is lost. */
  mayLoseDisk(region: string): boolean {
    if (this.hasLostDisk) return false
    this.hasLostDisk = [...this.nodes.values()].some(
      (node) => node.name !== region && node.partition.exchange.status.hasBegun,
    )
    return this.hasLostDisk
  }

  /** What the control plane tells everybody who hears it. */
  tell(book: AddressBook, regions: readonly string[] = [...this.nodes.keys()]): void {
    for (const region of regions) this.at(region).direct({ book, drain: false })
  }

  /** Nothing crosses between the two regions, either way, for so long; what is under way is lost. */
  cut(one: string, other: string, forMs: number): void {
    this.trouble.cut(one, other, forMs)
  }

  /** Somebody sets a region's wall clock; what measures durations goes on. */
  jumpWallClock(region: string, byMs: number): void {
    this.trouble.jumpWallClock(region, byMs)
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
        const found = [partition.exchange.appliedSeqOf(peer), states.get(name)!.applied[peer] ?? 0]
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
      clock: this.trouble.clockOf(name),
      log: silentLog,
      memory: this.memory,
      random: this.random,
      fetcher: this.#fetcherOf(name, isAlive),
      publishModel: () => Promise.resolve('model.safetensors'),
      checkpoints: {
        load: () => store.load(),
        save: async (snapshot) => {
          await this.clock.sleep(this.#delay() + (this.#options.saveMs ?? 0))
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
    for (const peer of this.nodes.keys()) {
      if (peer === node.name) continue
      guard(this.#pull(node, peer, signal))
      guard(this.#listen(node, peer, signal))
    }
  }

  /** What is asked for comes late, and comes again while links are cut or peers are down. */
  #fetcherOf(name: string, isAlive: () => boolean): PeerFetcher {
    return {
      fetch: async (region, { sha256, bytes }, signal) => {
        for (;;) {
          await this.clock.sleep(this.#delay(), signal)
          signal.throwIfAborted()
          if (!isAlive()) await new Promise(() => {})
          if (this.trouble.isCut(region, name)) await this.clock.sleep(retryMs, signal)
          if (this.trouble.isCut(region, name) || this.#isTrouble()) continue
          const held = this.at(region).exchange.shelf.get(sha256)
          if (held === null) {
            throw new CloudlessError('not-found', 'OBJECT_GONE', `region ${region} no longer holds ${sha256}`)
          }
          const copy = payloadMemory(this.memory).allocate(bytes)
          copy.set(held)
          this.#options.onFetched?.({ from: region, to: name, sha256, bytes: copy })
          return copy
        }
      },
    }
  }

  #isTrouble(): boolean {
    return this.random.next() < (this.#options.trouble ?? 0)
  }

  /** What `peer` says, as it changes: late, lost, repeated, overtaken. */
  async #listen(node: Node, peer: string, signal: AbortSignal): Promise<void> {
    const { partition } = node
    let said: PeerStatus | null = null
    let earlier: PeerStatus | null = null
    while (!signal.aborted) {
      const other = this.at(peer)
      if (said !== null && said === other.exchange.status) {
        await Promise.race([other.changed.wait(signal), this.clock.sleep(heartbeatMs, signal)]).catch(() => {})
      }
      await this.clock.sleep(this.#delay(), signal)
      if (signal.aborted) return
      if (this.trouble.isCut(peer, node.name)) await this.clock.sleep(retryMs, signal)
      if (this.trouble.isCut(peer, node.name) || this.#isTrouble()) continue
      const status = this.at(peer).exchange.status
      if (status === said) partition.exchange.heard(peer)
      else partition.exchange.statusChanged(peer, status)
      // One that was overtaken is dropped by the link, which compares revisions.
      if (earlier !== null && earlier.incarnation === status.incarnation && earlier.revision > status.revision) {
        throw new Error(`the revision of ${peer} went back`)
      }
      earlier = status
      said = status
    }
  }

  /** One stream of updates from `peer` that is cut, repeated and slow. */
  async #pull(node: Node, peer: string, signal: AbortSignal): Promise<void> {
    const { partition } = node
    let earlier: Update | null = null
    let acknowledged = 0
    let life = this.at(peer)
    while (!signal.aborted) {
      const header = this.at(peer).exchange.updateAfter(partition.exchange.appliedSeqOf(peer))
      if (header === null) {
        const news = [this.at(peer).changed.wait(signal), partition.changed.wait(signal)]
        await Promise.race([...news, this.clock.sleep(heartbeatMs, signal)]).catch(() => {})
      }
      await this.clock.sleep(this.#delay(), signal)
      if (signal.aborted) return
      if (this.trouble.isCut(peer, node.name)) {
        await this.clock.sleep(retryMs, signal)
        continue
      }
      if (this.#isTrouble()) continue
      if (header !== null) {
        const { targetRegion, payload } = header
        const isForUs = targetRegion === '' || targetRegion === node.name
        const held = payload === null || !isForUs ? null : this.at(peer).exchange.shelf.get(payload.sha256)
        if (payload !== null && isForUs && held === null) continue
        const update = { header, bytes: held === null ? null : held.slice() }
        await deliver(partition, update, signal)
        if (signal.aborted) return
        if (this.#isTrouble()) await deliver(partition, update, signal)
        // Out of order: one that was overtaken by the one above.
        if (earlier !== null && this.#isTrouble()) await deliver(partition, earlier, signal)
        earlier = update
      }
      // A life that ended says nothing; one that goes on says only what is durable.
      const durableSeq = partition.exchange.durableSeqOf(peer)
      // A peer that came back may have forgotten what it was told; a new stream tells it again.
      const isTold = durableSeq === acknowledged && life === this.at(peer)
      if (signal.aborted || isTold) continue
      life = this.at(peer)
      acknowledged = durableSeq
      this.at(peer).exchange.acknowledge(node.name, durableSeq)
    }
  }

  async #work(node: Node, partition: Partition, signal: AbortSignal): Promise<void> {
    const { layout, initial, learningRate, gradientOf } = this.#options
    const batch = this.#regionOf(node).batch ?? this.#options.batch ?? 2
    const workerId = `worker-${++this.#workers}`
    await this.clock.sleep(this.#delay(), signal)
    if (signal.aborted) return
    let readiness = 'join-again'
    while (readiness === 'join-again') {
      partition.leave(workerId, 'joins')
      const membership = partition.join({ workerId, instanceId: workerId, attempt: 1, layout })
      if (membership.wantsInitial) partition.initialise(workerId, Float32Array.from(initial))
      readiness = await partition.whenReady(signal)
    }
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

/** Between signs of life where nothing is new. */
const heartbeatMs = 1000
