// A whole simulated world: the real control loop on a store in memory and a virtual clock, agents and jobs as fluids, jobs
// that arrive. What agents report goes the way that real reports go: one transaction for all of a moment (Intake), merged by
// writeObserved, priced by priceUsage.
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { emptyAddressBook } from '#control-plane/model/address-book.ts'
import type { DesiredInstance } from '#control-plane/model/desired.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Usage } from '#control-plane/model/ledger.ts'
import type { ModelSize } from '#control-plane/model/plan.ts'
import { Intake } from '#control-plane/agents/intake.ts'
import { writeObserved } from '#control-plane/agents/observe.ts'
import { ControlLoop, type LoopTiming } from '#control-plane/control-loop.ts'
import { priceUsage } from '#control-plane/cost/price-usage.ts'
import { throughputFor } from '#control-plane/scheduler/throughput.ts'
import { validateJob } from '#control-plane/scheduler/validate-job.ts'
import type { Change, Store } from '#control-plane/store/store.ts'
import type { PolicyName } from '#proto/policies.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { assert, present } from '#runtime/assert.ts'
import type { Log, LogFields } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import type { AgentReport } from './agent-news.ts'
import type { Arrival } from './arrivals.ts'
import type { Pool } from './capacity.ts'
import { logNormal, streamOf, weighted } from './draw.ts'
import { bundleOf, drawJob } from './draw-job.ts'
import { startFaults } from './faults.ts'
import { FluidAgent } from './fluid-agent.ts'
import { FluidJob } from './fluid-job.ts'
import { checkpointMoves, dataMoves, type Move, type MovesInput } from './moves.ts'
import { Observer } from './observer.ts'
import { PlainStore } from './plain-store.ts'
import type { Scenario } from './scenario-schema.ts'
import { startSpotMarket } from './spot-market.ts'

export type WorldOptions = {
  readonly scenario: Scenario
  /** Narrowed to the scenario's regions. */
  readonly catalogue: Catalogue
  readonly pools: readonly Pool[]
  readonly arrivals: readonly Arrival[]
  /** By job file. */
  readonly specs: ReadonlyMap<string, JobSpec>
  readonly policy: PolicyName
  readonly seed: number
  readonly log: Log
  /** Another one than the plain one in memory. */
  readonly store?: Store
  /** Now and then. */
  readonly onProgress: (progress: Progress) => void
}

export type Progress = { readonly virtualSeconds: number; readonly arrived: number; readonly ended: number }

type Known = { readonly job: FluidJob; readonly spec: JobSpec; readonly agentOf: Map<string, FluidAgent> }

export class World {
  readonly clock: VirtualClock
  readonly store: Store
  readonly observer: Observer
  readonly agents: ReadonlyMap<string, FluidAgent>
  readonly #options: WorldOptions
  readonly #index: CatalogueIndex
  readonly #loop: ControlLoop
  readonly #intake: Intake
  readonly #jobs = new Map<string, Known>()
  readonly #modelSizes = new Map<string, ModelSize>()
  readonly #speeds = new Map<string, number>()
  readonly #startMs: number
  #failure: unknown = null

  constructor(options: WorldOptions) {
    const { scenario, catalogue, pools, log } = options
    this.#options = options
    this.#index = indexCatalogue(catalogue)
    this.clock = new VirtualClock(scenario.start)
    this.store = options.store ?? new PlainStore()
    this.#startMs = this.clock.now()
    this.#intake = new Intake(this.store, this.clock)
    const byRegion = Map.groupBy(pools, ({ region }) => region)
    // Where there are no units there may be data.
    this.agents = new Map(catalogue.regions.map(({ name }) => [name, this.#agent(name, byRegion.get(name) ?? [])]))
    this.observer = new Observer(this.store, this.clock, this.agents)
    this.#loop = new ControlLoop({
      store: this.store,
      catalogue: () => catalogue,
      clock: this.clock,
      // In a simulation nothing is tried again: what fails once is a bug, here or in what is simulated.
      log: { ...log, error: (fields, message) => this.#fail(fields, message) },
      metrics: createMetrics(),
      reconcile: {},
      timing: timingOf(scenario),
      tell: (desired) => this.agents.get(desired.region)?.tell(desired),
    })
    for (const { name, model, batch } of functionsOf(scenario))
      this.#modelSizes.set(bundleOf(name), { updateBytes: model, samplesPerStep: batch })
  }

  /** Until every job has ended or the time is over. */
  async run(): Promise<void> {
    const { scenario, arrivals } = this.#options
    const untilMs = this.#startMs + 1000 * (scenario.length + scenario.settle)
    await this.#commit(
      [...this.#modelSizes].map(([bundleDigest, size]): Change => ({ kind: 'model-size', bundleDigest, size })),
    )
    for (const agent of this.agents.values()) agent.connect()
    this.#startPools()
    this.#meterForEver()
    this.#observeForEver()
    this.#arrive(arrivals, 0)
    this.#loop.start()
    while (!this.observer.isOver(arrivals.length)) {
      if (!(await this.clock.step(untilMs))) break
      if (this.#failure !== null) throw this.#failure
    }
    for (const agent of this.agents.values()) agent.meter()
    for (const [jobId] of this.#jobs) this.#meterBytes(jobId)
    // The last reports are on their way.
    await this.clock.advance(1_000)
    await this.#loop.stop()
    if (this.#failure !== null) throw this.#failure
  }

  #agent(region: string, pools: readonly Pool[]): FluidAgent {
    const { scenario, seed } = this.#options
    return new FluidAgent({
      region,
      pools,
      clock: this.clock,
      random: streamOf(seed, 'agent', region),
      times: scenario.agents,
      report: (report) => this.#report(report),
      storeAgent: (agent) => this.#write([], (draft) => draft.add({ kind: 'agent', agent })),
      jobOf: (desired) => this.#known(desired).job,
      onServer: (desired) => this.#startServer(desired),
      onStager: (desired) => this.#stage(desired),
      onLost: (key, units, hits) => this.observer.lost(region, key, units, hits),
    })
  }

  #startPools(): void {
    const { pools, seed, scenario } = this.#options
    for (const pool of pools) {
      const random = streamOf(seed, 'spot', pool.region, pool.key)
      startSpotMarket(pool, present(this.agents.get(pool.region), pool.region), this.clock, random)
    }
    for (const agent of this.agents.values()) startFaults(agent, scenario, this.clock, seed)
  }

  #meterForEver(): void {
    this.clock.after(1000 * this.#options.scenario.agents.meter, () => {
      for (const agent of this.agents.values()) agent.meter()
      for (const [jobId] of this.#jobs) this.#meterBytes(jobId)
      this.#meterForEver()
    })
  }

  #observeForEver(): void {
    const { scenario, onProgress, arrivals } = this.#options
    this.observer.look(this.#seconds())
    onProgress({ virtualSeconds: this.#seconds(), arrived: this.observer.arrived, ended: this.observer.ended })
    // Often enough for a smooth curve of the busy part.
    const seconds = Math.max(scenario.length, arrivals.at(-1)?.atSeconds ?? 0) / 200
    this.clock.after(1000 * seconds, () => this.#observeForEver())
  }

  #arrive(arrivals: readonly Arrival[], at: number): void {
    const arrival = arrivals[at]
    if (arrival === undefined) return
    this.clock.after(1000 * (arrival.atSeconds - this.#seconds()), () => {
      this.#submit(arrival, at)
      this.#arrive(arrivals, at + 1)
    })
  }

  #submit(arrival: Arrival, number: number): void {
    const arrivedAtMs = this.clock.now()
    const spec = this.#specOf(arrival, number)
    if (typeof spec === 'string') return this.observer.refused(spec, 'no region may have its data')
    const violations = validateJob(spec, this.#options.catalogue, arrivedAtMs, 'spec')
    if (violations.length > 0) {
      const text = violations.map(({ field, description }) => `${field}: ${description}`).join('; ')
      return this.observer.refused(spec.name, text)
    }
    const id = `j-${String(number + 1).padStart(6, '0')}`
    const job: Job = { ...newJob, id, requestId: `request-${number}`, spec, createdAtMs: arrivedAtMs }
    this.observer.submitted(job)
    this.#settled(this.#commit([{ kind: 'create-job', job, fingerprint: '' }]))
  }

  /** The name of its kind where no region may have its data. */
  #specOf(arrival: Arrival, number: number): JobSpec | string {
    const { scenario, seed, policy, catalogue, pools, specs } = this.#options
    if (arrival.file !== null) {
      const given = present(specs.get(arrival.file), `job file ${arrival.file}`)
      const bundleDigest = bundleOf(arrival.file)
      return { ...given, policy, function: { ...given.function, bundleDigest } }
    }
    const random = streamOf(seed, 'job', String(number))
    const template = weighted(random, scenario.jobs)
    const regions = catalogue.regions.map(({ name }) => name)
    const input = { template, arrival, arrivedAtMs: this.clock.now(), policy, regions, pools }
    return drawJob(input, random) ?? template.name
  }

  #known({ instance, spec }: DesiredInstance): Known {
    const { jobId } = instance
    const known = this.#jobs.get(jobId)
    if (known !== undefined) return known
    const agentOf = new Map<string, FluidAgent>()
    const job: FluidJob = new FluidJob({
      clock: this.clock,
      spec,
      links: this.#index.link,
      modelSize: this.#modelSizes.get(spec.function.bundleDigest) ?? null,
      reportEveryMs: 1000 * this.#options.scenario.agents.report,
      speedOf: (deviceModel) => this.#speedOf(spec, deviceModel),
      exchange: () => this.store.activeJob(jobId)?.plan?.exchange ?? null,
      onNews: (partition) => agentOf.get(partition)?.news(jobId, partition),
      onPhase: (partition, isIdle) => agentOf.get(partition)?.setIdle(jobId, partition, isIdle),
      onFinished: () => {
        for (const [partition, agent] of agentOf) agent.complete(jobId, partition)
        this.#meterBytes(jobId)
      },
    })
    const made = { job, spec, agentOf }
    this.#jobs.set(jobId, made)
    return made
  }

  /** What a unit truly does, which no job declares exactly. */
  #speedOf(spec: JobSpec, deviceModel: string): number {
    const key = `${spec.name} ${deviceModel}`
    const known = this.#speeds.get(key)
    if (known !== undefined) return known
    const { scenario, seed } = this.#options
    const declared = throughputFor(spec, new Map(), this.#index)(deviceModel)?.samplesPerSecond ?? 0
    const speed = declared * logNormal(streamOf(seed, 'speed', key), 1 + scenario.agents.speed_spread)
    this.#speeds.set(key, speed)
    return speed
  }

  #startServer(desired: DesiredInstance): void {
    const { jobId, partition: name, region: place } = desired.instance
    const { job, agentOf, spec } = this.#known(desired)
    const input = this.#movesInput(desired, agentOf.get(name)?.region ?? null)
    // The job ended, or goes on without this one, since its agent was told.
    if (input === null) return
    agentOf.set(name, present(this.agents.get(place), place))
    const seconds = this.#move(jobId, name, 'checkpoint', checkpointMoves(input))
    job.startServer(name, place, spec.training.epochs * input.partition.samples, seconds)
  }

  #stage(desired: DesiredInstance): number {
    const { jobId, partition } = desired.instance
    const input = this.#movesInput(desired, null)
    return input === null ? 0 : this.#move(jobId, partition, 'data', dataMoves(input))
  }

  #movesInput(desired: DesiredInstance, from: string | null): MovesInput | null {
    const { jobId, partition: name } = desired.instance
    const { spec } = this.#known(desired)
    const plan = this.store.activeJob(jobId)?.plan ?? null
    const partition = plan?.partitions.find(({ region }) => region === name)
    if (plan === null || partition === undefined) return null
    const modelSize = this.#modelSizes.get(spec.function.bundleDigest) ?? null
    return { spec, plan, partition, from, links: this.#index.link, modelSize }
  }

  /** Answers with how long it takes. */
  #move(jobId: string, partition: string, purpose: 'data' | 'checkpoint', moves: readonly Move[]): number {
    const nowMs = this.clock.now()
    for (const { from, to, bytes, seconds } of moves) {
      this.#journal(jobId, {
        id: `${jobId}/${partition}/${purpose}/${nowMs}/${from}`,
        region: from,
        kind: 'wan-bytes',
        subject: to,
        quantity: bytes,
        purpose,
        fromMs: nowMs,
        toMs: nowMs + Math.ceil(seconds * 1000),
      })
    }
    return Math.max(0, ...moves.map(({ seconds }) => seconds))
  }

  #meterBytes(jobId: string): void {
    const nowMs = this.clock.now()
    const known = this.#jobs.get(jobId)
    if (known === undefined) return
    for (const [pair, bytes] of known.job.takeBytes()) {
      const [from, to] = pair.split(' ') as [string, string]
      this.#journal(jobId, {
        id: `${jobId}/wan/${pair}/${nowMs}`,
        region: from,
        kind: 'wan-bytes',
        subject: to,
        quantity: Math.round(bytes),
        purpose: 'sync',
        toMs: nowMs,
        fromMs: Math.max(this.#startMs, nowMs - 1000 * this.#options.scenario.agents.meter),
      })
    }
  }

  #journal(jobId: string, usage: Omit<Usage, 'jobId' | 'instanceId' | 'attempt'>): void {
    const whole = { ...usage, jobId, instanceId: `${jobId}/${usage.region}`, attempt: 1 }
    this.#write([jobId], (draft) => draft.add(this.#priced(whole, draft.job(jobId))))
  }

  #report({ region, instances, stoppedIds, usages, uploadedJobIds }: AgentReport): void {
    const ids = new Set([...instances.map(({ id }) => jobIdOf(id)), ...usages.map(({ jobId }) => jobId)])
    this.#write([...ids, ...uploadedJobIds], (draft) => {
      const stopped = stoppedIds.flatMap((id) => draft.instance(id) ?? [])
      writeObserved(
        draft,
        region,
        { instances, desiredRevision: 0, devices: [], wishes: {}, pipelines: [], gateway: null },
        stopped,
      )
      for (const usage of usages) draft.add(this.#priced(usage, draft.job(usage.jobId)))
      for (const jobId of uploadedJobIds) {
        const job = draft.job(jobId)
        if (job !== null) draft.putJob({ ...job, modelDigest: job.spec.function.bundleDigest })
      }
    })
    for (const usage of usages) this.observer.metered(usage)
  }

  #priced(usage: Usage, job: Job | null): Change {
    const priced = priceUsage(usage, present(job, `job ${usage.jobId}`).plan, this.#index)
    assert(priced.kind === 'priced', `usage ${usage.id} has no price: ${JSON.stringify(priced)}`)
    return { kind: 'ledger', entry: priced.entry }
  }

  #write(jobIds: readonly string[], write: Parameters<Intake['submit']>[0]['write']): void {
    this.#settled(this.#intake.submit({ jobIds, write }))
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const outcome = await this.store.commit(changes, this.store.view().revision)
    assert(outcome.kind === 'committed', `conflict at ${JSON.stringify(outcome)}`)
  }

  /** What goes wrong anywhere ends the run. */
  #settled(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#failure ??= error
    })
  }

  #fail(fields: LogFields, message: string): void {
    this.#failure ??= new Error(`${message}: ${JSON.stringify(fields)}`)
  }

  #seconds(): number {
    return this.clock.monotonicMs() / 1000
  }
}

const newJob = {
  state: 'pending',
  reason: 'accepted; waiting to be planned',
  plan: null,
  addressBook: emptyAddressBook,
  revision: 0,
  startedAtMs: null,
  firstStepAtMs: null,
  endedAtMs: null,
  evaluation: {},
  modelDigest: null,
} as const

/** Each with a name of its own and the size of its model. */
function functionsOf({ jobs, arrivals }: Scenario): readonly { name: string; model: number; batch: number }[] {
  const files = arrivals.kind === 'files' ? arrivals.files.map(({ file, ...size }) => ({ name: file, ...size })) : []
  return [...jobs, ...files]
}

function timingOf({ control }: Scenario): Partial<LoopTiming> {
  return {
    tickMs: 1000 * control.tick,
    loopDelayMs: 1000 * control.step,
    replanEveryMs: 1000 * control.replan,
    measureEveryMs: 1000 * control.replan,
  }
}

/** Instances are named after their job. */
function jobIdOf(instanceId: string): string {
  return instanceId.slice(0, instanceId.indexOf('/'))
}
