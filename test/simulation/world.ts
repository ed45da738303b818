// The whole system on one virtual clock: control plane, agents, parameter servers and workers are the product's own code;
// processes, disks and the network are simulated. Crashed parts are started again by the world, as systemd would.
import { createHash } from 'node:crypto'
import { createControlPlane } from '#control-plane/control-plane.ts'
import { memoryStore } from '#control-plane/store/open-store.ts'
import type { Store } from '#control-plane/store/store.ts'
import { Agent } from '#physical-plane/agent/agent.ts'
import { Journal, memoryJournalStorage, type JournalStorage } from '#physical-plane/agent/journal.ts'
import { agentConfig } from '#physical-plane/agent/config.ts'
import { nextIdentity } from '#physical-plane/agent/identity.ts'
import type { UploadModel } from '#physical-plane/agent/model-uploads.ts'
import { withHash } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { Checkers } from './checkers.ts'
import { SimulatedNetwork } from './network.ts'
import { SimulatedNode } from './node.ts'
import { regionNames } from './options.ts'
import { RoundHistory } from './round-history.ts'
import { SimulatedMachine, type Program } from './simulated-machine.ts'
import { runServer } from './simulated-server.ts'
import { runWorker } from './simulated-worker.ts'

const controlAddress = 'control:7443'
const controlName = 'control'
const workerStepMs = 400
const batchSize = 8

type Place = {
  readonly machine: SimulatedMachine
  readonly journal: JournalStorage
  agent: Agent | null
  node: SimulatedNode | null
}

export type WorldOptions = {
  readonly seed: number
  readonly catalogue: Catalogue
  readonly cpuUnits: number
  readonly logOf: (clock: Clock) => Log
}

export class World {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly checkers = new Checkers(this.clock)
  readonly network: SimulatedNetwork
  readonly store: Store = memoryStore()
  readonly places = new Map<string, Place>()
  /** Final model by job, as its region wrote it. */
  readonly models = new Map<string, Float32Array>()
  readonly #options: WorldOptions
  #catalogue: Catalogue
  readonly #log: Log
  /** What a checker found while the product's code was running. */
  failure: unknown = null
  readonly #histories = new Map<string, RoundHistory>()
  #control: SimulatedNode | null = null
  readonly #user = new SimulatedNode('user', this.clock)

  constructor(options: WorldOptions) {
    this.#options = options
    this.#catalogue = options.catalogue
    this.#log = options.logOf(this.clock)
    this.random = seededRandom(options.seed)
    this.network = new SimulatedNetwork(seededRandom(options.seed + 1), (from, to) => delayMs(from, to))
    for (const region of regionNames) {
      const machine = new SimulatedMachine(region, this.clock, this.#log, this.checkers, this.#program(region))
      this.places.set(region, { machine, journal: memoryJournalStorage(), agent: null, node: null })
      this.checkers.device(`${region}/cpu-0`, options.cpuUnits)
    }
  }

  get isControlUp(): boolean {
    return this.#control !== null
  }

  client<Name extends 'cloudless.v1.JobService' | 'cloudless.v1.CostService'>(name: Name) {
    return this.network.client(name, this.#user, controlAddress)
  }

  startControl(): void {
    const node = new SimulatedNode(controlName, this.clock)
    this.#control = node
    const controlPlane = createControlPlane({
      clock: node.clock,
      random: seededRandom(this.random.integer(2 ** 31)),
      log: this.#log.child({ process: 'control plane' }),
      metrics: createMetrics(),
      catalogue: () => this.#catalogue,
      store: storeOf(this.store, node),
    })
    this.network.listen(node, controlAddress, controlPlane.services)
    controlPlane.start()
  }

  /** Of every other region, so that some become cheaper than the rest. */
  changePrices(factor: number): void {
    const { regions, links } = this.#catalogue
    const used = regions.filter(({ name }) => regionNames.some((known) => known === name))
    const names = new Set(used.map(({ name }) => name))
    this.#catalogue = withHash({
      ...this.#catalogue,
      links: links.filter(({ from, to }) => names.has(from) && names.has(to)),
      regions: used.map((region, n) => {
        if (n % 2 === 0) return region
        const prices = region.prices.map((price) => {
          const { usdPerUnitHour, perUnitHour } = price
          return { ...price, usdPerUnitHour: usdPerUnitHour * factor, perUnitHour: perUnitHour * factor }
        })
        return { ...region, prices }
      }),
    })
  }

  crashControl(): void {
    this.#control?.crash()
    this.#control = null
  }

  async startAgent(region: string): Promise<void> {
    const place = this.places.get(region)!
    const node = new SimulatedNode(region, this.clock)
    place.node = node
    const random = seededRandom(this.random.integer(2 ** 31))
    const { clock } = node
    const { cpuUnits } = this.#options
    const log = this.#log.child({ process: `agent of ${region}` })
    const journal = await Journal.open({ storage: place.journal, clock, log, config: agentConfig })
    const identity = await nextIdentity(journal, random)
    const fleet = this.network.client('cloudless.v1.FleetService', node, controlAddress)
    const agent = new Agent({
      clock,
      random,
      log,
      metrics: createMetrics(),
      runtime: place.machine,
      fleet,
      journal,
      region,
      ...identity,
      version: 'simulated',
      devices: [{ id: 'cpu-0', model: 'cpu', units: cpuUnits, memoryBytes: 2 ** 30 }],
      uploadModel: this.#uploadModel(fleet),
    })
    place.agent = agent
    this.network.listen(node, agentAddress(region), { 'cloudless.v1.InstanceService': agent.instanceService })
    await agent.start()
    void agent.run()
  }

  crashAgent(region: string): void {
    const place = this.places.get(region)!
    place.node?.crash()
    place.agent?.abandon()
    place.agent = null
    place.node = null
  }

  /** What the job's regions agreed on, seen from outside. */
  historyOf(jobId: string, regions: readonly string[]): RoundHistory {
    const history = this.#histories.get(jobId) ?? new RoundHistory(this.checkers, jobId, regions)
    this.#histories.set(jobId, history)
    return history
  }

  /**
   * Jobs of more than one region that all train and hear each other: what was told is then held by more than one disk.
   * Where a region is away, another one's disk may hold the only copy of what it was told.
   */
  jobsThatMayLoseDisk(region: string): readonly string[] {
    const servers = this.places.get(region)!.machine.live.filter(({ role }) => role === 'parameter-server')
    const isWhole = (jobId: string, name: string, regions: readonly string[]): boolean => {
      const partition = this.places.get(name)!.machine.serverOf(jobId)?.partition
      if (partition?.exchange.status.hasBegun !== true || partition.exchange.status.wantsSnapshot) return false
      return partition.progress().sync?.hears.length === regions.length - 1
    }
    return servers
      .map(({ jobId }) => jobId)
      .filter((jobId) => {
        const regions = this.#histories.get(jobId)?.regions ?? []
        return regions.length > 1 && regions.every((name) => isWhole(jobId, name, regions))
      })
  }

  loseDisk(region: string, jobId: string): void {
    this.#histories.get(jobId)?.loseDisk(region)
    this.places.get(region)!.machine.loseDisk(jobId)
  }

  #keepModel(jobId: string, region: string, values: Float32Array): void {
    const hash = createHash('sha256').update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    try {
      this.checkers.same(`the final model of ${jobId} in ${region}`, `final model of ${jobId}`, hash.digest('hex'))
    } catch (error) {
      // The partition would take it for a full disk, and try again.
      this.failure ??= error
      throw error
    }
    this.models.set(jobId, values)
  }

  #uploadModel(fleet: ReturnType<SimulatedNetwork['client']> & { readonly uploadModel?: unknown }): UploadModel {
    const upload = fleet.uploadModel as (
      requests: AsyncIterable<object>,
      options: object,
    ) => Promise<{ digest: string }>
    return async (jobId, _path, signal) => {
      const values = this.models.get(jobId)!
      const data = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
      const digest = createHash('sha256').update(data).digest('hex')
      return (await upload(only({ jobId, digest, totalBytes: data.length, data }), { signal })).digest
    }
  }

  #program(region: string): Program {
    return (process, { instance, attempt }) => {
      const { machine } = this.places.get(region)!
      const { node } = process
      const random = seededRandom(this.random.integer(2 ** 31))
      if (instance.role === 'worker') {
        const stepMs = workerStepMs * (0.5 + this.random.next())
        const { id: instanceId, jobId } = instance
        return runWorker({
          node,
          region,
          instanceId,
          attempt,
          seed: instance.spec.training?.seed ?? 0,
          stepMs,
          batchSize,
          server: () => machine.serverOf(jobId),
        })
      }
      // Samples are made of their positions, so there is nothing to fetch.
      if (instance.role === 'data-stager') return Promise.resolve(0)
      if (instance.role === 'data-server') return untilAborted(process.terminate.signal)
      const died = new AbortController()
      node.onCrash(() => died.abort())
      const options = {
        node,
        random,
        instance,
        attempt,
        network: this.network,
        log: this.#log.child({ process: instance.id }),
        checkpoints: machine.diskOf(instance.jobId).checkpoints,
        agentAddress: agentAddress(region),
        onModel: (values: Float32Array) => this.#keepModel(instance.jobId, region, values),
      }
      const onOpen = (partition: Parameters<Parameters<typeof runServer>[0]['onOpen']>[0]): void =>
        machine.serves(instance.jobId, { partition, died: died.signal })
      return runServer({ ...options, onOpen }, process.terminate.signal)
    }
  }
}

async function* only(message: object): AsyncGenerator<object> {
  yield message
}

function agentAddress(region: string): string {
  return `unix:${region}/agent`
}

/** One way. Between regions as between continents, inside a machine next to nothing. */
function delayMs(from: string, to: string): number {
  if (from === to) return 0.2
  return from === controlName || to === controlName || from === 'user' ? 20 : 60
}

/** The store as one process of the control plane sees it: a crash takes its listeners away, not the data. */
function storeOf(store: Store, node: SimulatedNode): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'onCommit') {
        return (listener: Parameters<Store['onCommit']>[0]) => {
          const stop = target.onCommit(listener)
          node.onCrash(stop)
          return stop
        }
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

async function untilAborted(signal: AbortSignal): Promise<number> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return 0
}
