// For tests: a whole control plane on a virtual clock with a store in memory, and an agent whose every word the test
// chooses. Messages pass through the real encoding, so that tests see what a server would.
import type { ConnectRequest, ConnectRequest__Output } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { ConnectResponse } from '#proto/generated/cloudless/v1/ConnectResponse.ts'
import type { AgentHello } from '#proto/generated/cloudless/v1/AgentHello.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { CallContext } from '#proto/rpc/service.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics, type Metrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import type { ListDataset } from './api/check-datasets.ts'
import { createControlPlane, type ControlPlane } from './control-plane.ts'
import { aCatalogue } from './model/builders.ts'
import { memoryStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'

export type Rig = {
  readonly clock: VirtualClock
  readonly store: Store
  readonly catalogue: Catalogue
  readonly controlPlane: ControlPlane
  readonly metrics: Metrics
  readonly functions: ControlPlane['services']['cloudless.v1.FunctionService']
  readonly pipelines: ControlPlane['services']['cloudless.v1.PipelineService']
  readonly jobs: ControlPlane['services']['cloudless.v1.JobService']
  readonly regions: ControlPlane['services']['cloudless.v1.RegionService']
  readonly catalogs: ControlPlane['services']['cloudless.v1.CatalogService']
  readonly costs: ControlPlane['services']['cloudless.v1.CostService']
  readonly fleet: ControlPlane['services']['cloudless.v1.FleetService']
}

type RigOptions = {
  readonly store?: Store
  readonly clock?: VirtualClock
  readonly catalogue?: () => Catalogue
  readonly listDataset?: ListDataset
}

export function startRig(given: RigOptions = {}): Rig {
  const clock = given.clock ?? new VirtualClock()
  const store = given.store ?? memoryStore()
  const catalogue = aCatalogue({ a: { cpu: 3.6 }, b: { cpu: 7.2 } })
  const metrics = createMetrics()
  const controlPlane = createControlPlane({
    clock,
    store,
    catalogue: given.catalogue ?? (() => catalogue),
    random: seededRandom(1),
    ...(given.listDataset === undefined ? {} : { listDataset: given.listDataset }),
    log: silentLog,
    metrics,
  })
  controlPlane.start()
  const { services } = controlPlane
  return {
    clock,
    store,
    catalogue,
    controlPlane,
    metrics,
    functions: services['cloudless.v1.FunctionService'],
    pipelines: services['cloudless.v1.PipelineService'],
    jobs: services['cloudless.v1.JobService'],
    regions: services['cloudless.v1.RegionService'],
    catalogs: services['cloudless.v1.CatalogService'],
    costs: services['cloudless.v1.CostService'],
    fleet: services['cloudless.v1.FleetService'],
  }
}

export function aCall(signal: AbortSignal = new AbortController().signal): CallContext {
  return { signal, deadlineAtMs: null, peer: 'test' }
}

/** As it arrives at the other side. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the name decides the type, which a test knows
export function overTheWire<Received>(name: string, message: object): Received {
  const definition = messageDefinition<object, Received>(`cloudless.v1.${name}`)
  return definition.deserialize(definition.serialize(message))
}

export class ScriptedAgent {
  readonly heard: ConnectResponse[] = []
  /** Null while the stream is open or after it ended well. */
  error: unknown = null
  isOpen = true
  readonly #requests = new AsyncQueue<ConnectRequest__Output>({ limit: 1000 })

  constructor(rig: Rig, hello: Partial<AgentHello> = {}) {
    this.say({
      hello: {
        region: 'a',
        agentId: 'agent-1',
        incarnation: 1,
        version: '0.1.0',
        protocolVersion: 1,
        devices: [{ id: 'cpu-0', model: 'cpu', units: 2, memoryBytes: 4e9 }],
        ...hello,
      },
    })
    void this.#listen(rig)
  }

  say(request: ConnectRequest): void {
    this.#requests.offer(overTheWire('ConnectRequest', request))
  }

  hangUp(): void {
    this.#requests.end()
  }

  /** The newest message of this kind. */
  last<Kind extends 'welcome' | 'desired' | 'journalAck' | 'logAck'>(kind: Kind): ConnectResponse[Kind] | undefined {
    return this.heard.findLast((message) => message[kind] !== undefined)?.[kind]
  }

  async #listen(rig: Rig): Promise<void> {
    try {
      for await (const response of rig.fleet.connect(this.#requests, aCall())) this.heard.push(response)
    } catch (error) {
      this.error = error
    }
    this.isOpen = false
  }
}
