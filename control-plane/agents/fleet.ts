// Agents dial in here. One agent per region holds its lease; what it should run goes down whenever that changes, what
// it sees comes up into the store.
import type { ConnectRequest__Output } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { ConnectResponse } from '#proto/generated/cloudless/v1/ConnectResponse.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import type { CallContext, Implementation } from '#proto/rpc/service.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { currentIndex, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Desired } from '#control-plane/model/desired.ts'
import type { Gateway } from '#control-plane/model/inference.ts'
import type { PipelineMeasure } from '#control-plane/model/pipeline.ts'
import type { DeviceUse } from '#control-plane/model/device-use.ts'
import type { Agent } from '#control-plane/model/snapshot.ts'
import type { Store } from '#control-plane/store/store.ts'
import { decodeHello, type Hello } from '#control-plane/wire/agent-messages.ts'
import type { Uses } from '#control-plane/wire/device-use.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf, notFound } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { agentsConfig } from './config.ts'
import { fetchBundle, uploadModel } from './files.ts'
import { Intake } from './intake.ts'
import { Leases } from './leases.ts'
import { protocolVersion } from './protocol-version.ts'
import { Session } from './session.ts'

export type FleetOptions = {
  readonly store: Store
  readonly catalogue: () => Catalogue
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class Fleet {
  readonly service: Implementation<FleetServiceHandlers>
  readonly #options: FleetOptions
  readonly #catalogue: () => CatalogueIndex
  readonly #intake: Intake
  readonly #leases: Leases
  readonly #sessions = new Map<string, Session>()
  readonly #desired = new Map<string, { readonly desired: Desired; readonly revision: number }>()
  readonly #storedHeardAtMs = new Map<string, number>()
  readonly #uses = new Map<string, readonly DeviceUse[]>()
  readonly #gateways = new Map<string, Gateway>()
  readonly #pipelines = new Map<string, readonly PipelineMeasure[]>()
  readonly #usesRefused: ReturnType<Metrics['counter']>
  readonly #refused: ReturnType<Metrics['counter']>
  readonly #connected: ReturnType<Metrics['gauge']>
  #timer: Timer | null = null

  constructor(options: FleetOptions) {
    const { store, clock, metrics } = options
    this.#options = options
    this.#catalogue = currentIndex(options.catalogue)
    this.#intake = new Intake(store, clock)
    this.#leases = new Leases(clock, agentsConfig.leaseMs)
    this.#refused = metrics.counter(
      'cloudless_journal_records_refused_total',
      'Journal records that could not be right.',
    )
    this.#usesRefused = metrics.counter(
      'cloudless_device_uses_refused_total',
      'What agents told of the use of devices that could not be right.',
    )
    this.#connected = metrics.gauge('cloudless_agents_connected', 'Agents with a stream.')
    this.service = {
      connect: (requests, call) => this.#connect(requests, call),
      fetchBundle: (request) => fetchBundle(store, request),
      uploadModel: (requests) => uploadModel(store, clock, requests),
    }
  }

  /** Agents that were connected before a restart have one lease time to come back. */
  start(): void {
    for (const agent of this.#options.store.view().agents) if (agent.isConnected) this.#leases.take(agent, 0)
    this.#checkLater()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    const error = new CloudlessError('unavailable', 'STOPPING', 'the control plane is stopping; dial again')
    for (const session of this.#sessions.values()) session.close(error)
    this.#sessions.clear()
  }

  /** What the agent of this region should run, as of `revision`. */
  setDesired(desired: Desired, revision: number): void {
    this.#desired.set(desired.region, { desired, revision })
    this.#sessions.get(desired.region)?.send(desired, revision)
  }

  /** More recent than the store's; null when no agent was heard since the start. */
  heardAtMs(region: string): number | null {
    return this.#leases.heardAtMs(region)
  }

  /** What instances make of the GPUs of a region, as its agent told last; none while it is lost. */
  usesOf(region: string): readonly DeviceUse[] {
    return this.#uses.get(region) ?? []
  }

  /** Where functions of a region are asked, as its agent told last; null while it is lost, or none answers. */
  gatewayOf(region: string): Gateway | null {
    return this.#gateways.get(region) ?? null
  }

  /** What the gateway of a region sees of pipelines, as its agent told last. */
  pipelinesOf(region: string): readonly PipelineMeasure[] {
    return this.#pipelines.get(region) ?? []
  }

  async *#connect(
    requests: AsyncIterable<ConnectRequest__Output>,
    call: CallContext,
  ): AsyncGenerator<ConnectResponse, void> {
    const reader = requests[Symbol.asyncIterator]()
    const session = await this.#welcome(await this.#firstHello(reader))
    const { region, agentId } = session.hello
    const onAbort = (): void => session.close()
    call.signal.addEventListener('abort', onAbort, { once: true })
    void session.read(reader).then(
      () => session.close(),
      (error: unknown) => session.close(error),
    )
    try {
      yield* session.outbox.messages()
    } finally {
      call.signal.removeEventListener('abort', onAbort)
      session.close()
      if (this.#sessions.get(region) === session) this.#sessions.delete(region)
      this.#connected.set(this.#sessions.size)
      this.#options.log.info({ region, agentId }, 'agent stream ended')
    }
  }

  async #firstHello(reader: AsyncIterator<ConnectRequest__Output>): Promise<Hello> {
    const { clock } = this.#options
    const first = await new Promise<IteratorResult<ConnectRequest__Output>>((resolve, reject) => {
      const timer = clock.after(agentsConfig.helloMs, () => {
        const text = `no hello came within ${agentsConfig.helloMs} ms; send it first`
        reject(new CloudlessError('deadline', 'NO_HELLO', text))
      })
      reader.next().then(resolve, reject).finally(timer.cancel)
    })
    const hello = first.done === true ? null : first.value.hello
    if (hello) return decodeHello(hello)
    throw invalid([{ field: 'hello', description: 'is missing; the first message of a stream must be the hello' }])
  }

  /** Checks the hello, takes the region's lease and stores the agent. */
  async #welcome(hello: Hello): Promise<Session> {
    const { store, log, clock } = this.#options
    const { region, agentId, incarnation } = hello
    if (hello.protocolVersion !== protocolVersion) {
      const text = `the agent of ${region} speaks protocol ${hello.protocolVersion}, this control plane speaks ${protocolVersion}; run the same version of both`
      throw new CloudlessError('conflict', 'PROTOCOL_VERSION', text)
    }
    if (this.#catalogue().region(region) === null) throw notFound('region', region)
    const known = store.view().agents.find((agent) => agent.region === region)
    this.#leases.take(hello, known?.agentId === agentId ? known.incarnation : 0)
    await this.#storeAgent(hello)
    const session = new Session(
      {
        store,
        intake: this.#intake,
        catalogue: this.#catalogue,
        clock,
        log,
        onHeard: () => this.#heard(session),
        onDevices: () => this.#storeDevices(session),
        onUses: (uses) => this.#keepUses(session, uses),
        onGateway: (gateway, pipelines) => this.#keepGateway(session, gateway, pipelines),
        onRefused: (seq, why) => {
          this.#refused.add(1)
          log.error({ region, agentId, seq, why }, 'journal record passed over')
        },
      },
      hello,
      await store.journalSeq(agentId),
    )
    const text = `agent ${agentId} dialled again as start ${incarnation}; this stream is the older one`
    this.#sessions.get(region)?.close(new CloudlessError('already-exists', 'SUPERSEDED', text))
    this.#sessions.set(region, session)
    this.#connected.set(this.#sessions.size)
    session.welcome()
    const desired = this.#desired.get(region)
    if (desired !== undefined) session.send(desired.desired, desired.revision)
    log.info({ region, agentId, incarnation, devices: hello.devices.length }, 'agent connected')
    return session
  }

  #heard(session: Session): void {
    const { region } = session.hello
    if (this.#sessions.get(region) !== session) return
    const wasHeld = this.#leases.isHeld(region)
    this.#leases.renew(session.hello)
    const nowMs = this.#options.clock.now()
    const isDue = nowMs - (this.#storedHeardAtMs.get(region) ?? 0) >= agentsConfig.heartbeatStoredEveryMs
    if (wasHeld && !isDue) return
    this.#storeAgent(session.hello).catch((error: unknown) => session.close(error))
  }

  /** In memory only: they are old within seconds. */
  #keepUses(session: Session, { uses, refused, refusal }: Uses): void {
    const { region, agentId } = session.hello
    if (this.#sessions.get(region) !== session) return
    this.#uses.set(region, uses)
    if (refused === 0) return
    this.#usesRefused.add(refused)
    this.#options.log.debug({ region, agentId, refused, why: refusal }, 'uses of devices passed over')
  }

  #keepGateway(session: Session, gateway: Gateway | null, pipelines: readonly PipelineMeasure[]): void {
    const { region } = session.hello
    if (this.#sessions.get(region) !== session) return
    if (gateway === null) this.#gateways.delete(region)
    else this.#gateways.set(region, gateway)
    this.#pipelines.set(region, pipelines)
  }

  #storeDevices(session: Session): void {
    if (this.#sessions.get(session.hello.region) !== session) return
    this.#storeAgent(session.hello).catch((error: unknown) => session.close(error))
  }

  async #storeAgent({ region, agentId, incarnation, version, devices }: Hello): Promise<void> {
    const lastHeartbeatAtMs = this.#options.clock.now()
    this.#storedHeardAtMs.set(region, lastHeartbeatAtMs)
    const agent: Agent = { region, agentId, incarnation, version, isConnected: true, lastHeartbeatAtMs, devices }
    await this.#intake.submit({ jobIds: [], write: (draft) => draft.add({ kind: 'agent', agent }) })
  }

  #checkLater(): void {
    this.#timer = this.#options.clock.after(agentsConfig.leaseCheckMs, () => {
      this.#checkLater()
      this.#storeLosses()
    })
  }

  /** By what the store says, so that a loss that could not be stored is tried again. */
  #storeLosses(): void {
    const { store, log } = this.#options
    for (const agent of store.view().agents) {
      const { region, agentId } = agent
      if (!agent.isConnected || this.#leases.isHeld(region)) continue
      const lastHeartbeatAtMs = this.#leases.heardAtMs(region) ?? agent.lastHeartbeatAtMs
      log.warn({ region, agentId, lastHeartbeatAtMs }, 'agent lost: its lease ran out')
      this.#uses.delete(region)
      this.#gateways.delete(region)
      this.#pipelines.delete(region)
      const lost: Agent = { ...agent, isConnected: false, lastHeartbeatAtMs }
      this.#intake
        .submit({ jobIds: [], write: (draft) => draft.add({ kind: 'agent', agent: lost }) })
        .catch((error: unknown) => log.error({ region, error: messageOf(error) }, 'loss of an agent not stored'))
    }
  }
}
