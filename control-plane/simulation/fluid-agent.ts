// One region's agent as a model: it starts what it is told to on the units that are there, a while after it was told, stops
// what it is no longer told to run, and reports as a real one does: instances, usage, devices. What its functions achieve
// is FluidJob's. That no unit is ever used twice is asserted at every change.
import type { Desired, DesiredInstance } from '#control-plane/model/desired.ts'
import { classKey } from '#control-plane/model/device-class.ts'
import { resumptionOf } from '#control-plane/model/resumption.ts'
import type { Agent, Device } from '#control-plane/model/snapshot.ts'
import type { ObservedInstance } from '#control-plane/wire/agent-messages.ts'
import { assert, present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Random } from '#runtime/random.ts'
import { AgentNews, type AgentReport } from './agent-news.ts'
import type { Pool } from './capacity.ts'
import { simulationConfig as config } from './config.ts'
import { logNormal } from './draw.ts'
import type { FluidJob } from './fluid-job.ts'
import { Meter } from './meter.ts'
import { PoolState, unitsUsed } from './pool-state.ts'
import type { AgentTimes } from './scenario-schema.ts'

export type FluidAgentOptions = {
  readonly region: string
  readonly pools: readonly Pool[]
  readonly clock: Clock
  readonly random: Random
  readonly times: AgentTimes
  readonly report: (report: AgentReport) => void
  readonly storeAgent: (agent: Agent) => void
  /** The job that an instance belongs to. */
  readonly jobOf: (desired: DesiredInstance) => FluidJob
  /** A parameter server is up here. */
  readonly onServer: (desired: DesiredInstance) => void
  /** Seconds in which training data is brought here. */
  readonly onStager: (desired: DesiredInstance) => number
  readonly onLost: (key: string, units: number, hits: number) => void
}

type Local = {
  desired: DesiredInstance
  readonly key: string
  state: 'waiting' | 'starting' | 'running' | 'completed'
  attempt: number
  why: string
  /** The GPU that it is on, where GPUs are shared. */
  deviceId: string
}

export class FluidAgent {
  readonly region: string
  readonly #options: FluidAgentOptions
  readonly #pools: ReadonlyMap<string, PoolState>
  readonly #locals = new Map<string, Local>()
  readonly #meters = new Map<string, Meter>()
  readonly #news: AgentNews
  #desired: Desired | null = null
  #isUp = true
  #incarnation = 1

  constructor(options: FluidAgentOptions) {
    this.region = options.region
    this.#options = options
    const { clock, region, report } = options
    this.#news = new AgentNews({ clock, region, report, observe: (id) => this.#observed(id) })
    const nowMs = clock.now()
    this.#pools = new Map(options.pools.map((pool) => [pool.key, new PoolState(pool, nowMs)]))
  }

  get pools(): readonly PoolState[] {
    return [...this.#pools.values()]
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Units in use and units that could ever be. */
  load(): { readonly used: number; readonly units: number } {
    const pools = this.pools
    return {
      used: pools.reduce((sum, { used }) => sum + used, 0),
      units: pools.reduce((sum, { pool }) => sum + pool.units, 0),
    }
  }

  connect(): void {
    this.#options.storeAgent(this.#agent())
  }

  tell(desired: Desired): void {
    this.#desired = desired
    if (this.#isUp) this.#obey(desired)
  }

  /** Units came, or are gone, or will be at that time. */
  gain(key: string, units: number): void {
    this.#pool(key).gain(this.#now(), units)
    this.connect()
    this.#retry()
  }

  notice(key: string, units: number, endsAtMs: number): void {
    this.#pool(key).announce(units, endsAtMs)
    this.connect()
  }

  lose(key: string, units: number): void {
    const pool = this.#pool(key)
    const { random, onLost } = this.#options
    let hits = 0
    for (let i = 0; i < units; i++) {
      // Its cloud does not care which of them is busy.
      if (random.next() * pool.available < pool.used && this.#strike(key)) hits += 1
      pool.lose(this.#now(), 1)
    }
    onLost(key, units, hits)
    this.connect()
    this.#retry()
  }

  /** One running instance dies, if there is one. */
  crash(): void {
    const running = [...this.#locals.values()].filter(({ state }) => state === 'running')
    const local = running[this.#options.random.integer(Math.max(1, running.length))]
    if (local === undefined || !this.#isUp) return
    this.#halt(local, 'its process died')
    this.#options.clock.after(config.restartDelayMs, () => this.#retry())
  }

  goDown(): void {
    this.#isUp = false
    for (const local of this.#locals.values()) if (isActive(local)) this.#halt(local, 'its region was out')
    this.connect()
  }

  comeBack(): void {
    this.#isUp = true
    this.#incarnation += 1
    this.connect()
    if (this.#desired !== null) this.#obey(this.#desired)
    this.#retry()
  }

  /** Windows of all meters end. */
  meter(): void {
    for (const meter of this.#meters.values()) this.#news.use(meter.take(this.#now()))
  }

  /** What its partition of a job does has changed, or is about to. */
  setIdle(jobId: string, partition: string, isIdle: boolean): void {
    for (const meter of this.#metersOf(jobId, partition)) meter.setIdle(this.#now(), isIdle)
  }

  /** The parameter server of this partition has something to tell. */
  news(jobId: string, partition: string): void {
    for (const { desired, state } of this.#locals.values()) {
      const { instance } = desired
      const isServer = instance.role === 'parameter-server' && state === 'running'
      if (isServer && instance.jobId === jobId && instance.partition === partition) this.#news.touch(instance.id)
    }
  }

  /** Its functions of this partition have ended well. */
  complete(jobId: string, partition: string): void {
    for (const local of this.#locals.values()) {
      const { instance, uploadsModel } = local.desired
      if (instance.jobId !== jobId || instance.partition !== partition) continue
      if (isActive(local)) this.#release(local)
      local.state = 'completed'
      if (instance.role === 'parameter-server') {
        this.#news.touch(instance.id)
        if (uploadsModel) this.#news.upload(jobId)
      }
    }
    this.#closeMeters(jobId, partition)
  }

  #obey(desired: Desired): void {
    const wanted = new Map(desired.instances.map((each) => [each.instance.id, each]))
    for (const [id, local] of this.#locals) if (!wanted.has(id)) this.#stop(id, local)
    const begun = [...wanted].filter(([id]) => !this.#locals.has(id))
    for (const [id, each] of begun) {
      const { instance } = each
      this.#locals.set(id, {
        desired: each,
        key: classKey(instance),
        state: 'waiting',
        attempt: 0,
        why: '',
        deviceId: '',
      })
    }
    for (const each of wanted.values()) {
      const local = this.#locals.get(each.instance.id)!
      local.desired = each
      if (each.drain && each.instance.role === 'parameter-server')
        this.#options.jobOf(each).drain(config.evaluationSeconds)
    }
    if (begun.length > 0) this.#retry()
  }

  #stop(id: string, local: Local): void {
    const { instance } = local.desired
    if (isActive(local)) this.#halt(local, '')
    this.#locals.delete(id)
    this.#news.stop(id)
    const isLast = ![...this.#locals.values()].some(
      (other) =>
        other.desired.instance.jobId === instance.jobId && other.desired.instance.partition === instance.partition,
    )
    if (isLast) this.#closeMeters(instance.jobId, instance.partition)
  }

  /** Whatever waits starts if there are units for it, the lowest id first. */
  #retry(): void {
    if (!this.#isUp) return
    const waiting = [...this.#locals.values()].filter(({ state }) => state === 'waiting')
    if (waiting.length === 0) return
    waiting.sort((a, b) => (a.desired.instance.id < b.desired.instance.id ? -1 : 1))
    const started = waiting.filter((local) => this.#take(local))
    const groups = Map.groupBy(started, ({ desired: { instance } }) => `${instance.jobId} ${instance.partition}`)
    const { start, start_spread: spread } = this.#options.times
    for (const group of groups.values()) {
      const attempts = new Map(group.map((local) => [local.desired.instance.id, local.attempt]))
      const delayMs = 1000 * start * logNormal(this.#options.random, spread)
      this.#options.clock.after(delayMs, () => this.#up(attempts))
    }
  }

  #take(local: Local): boolean {
    const { instance } = local.desired
    if (instance.role === 'worker') {
      const pool = this.#pools.get(local.key)
      const deviceId = pool?.place(this.#now(), instance) ?? null
      if (deviceId === null) {
        const why = `0 of ${pool?.available ?? 0} ${local.key} free in ${this.region}`
        if (local.why !== why && local.attempt > 0) this.#news.touch(instance.id)
        local.why = why
        return false
      }
      local.deviceId = deviceId
      this.#meterOf(local).change(this.#now(), unitsUsed(instance), 0)
    }
    local.state = 'starting'
    local.attempt += 1
    local.why = ''
    return true
  }

  /** Those that are still starting now run; the parameter server first. */
  #up(attempts: ReadonlyMap<string, number>): void {
    const started = [...attempts].flatMap(([id, attempt]): Local[] => {
      const local = this.#locals.get(id)
      return local?.state === 'starting' && local.attempt === attempt ? [local] : []
    })
    const isWorker = ({ desired }: Local): boolean => desired.instance.role === 'worker'
    for (const local of started.toSorted((a, b) => Number(isWorker(a)) - Number(isWorker(b)))) {
      const { instance } = local.desired
      local.state = 'running'
      this.#news.touch(instance.id)
      if (instance.role === 'parameter-server') this.#options.onServer(local.desired)
      if (instance.role === 'data-stager') this.#stage(local)
    }
    for (const group of Map.groupBy(started.filter(isWorker), ({ key }) => key).values()) {
      const { desired } = group[0]!
      const units = group.reduce((sum, local) => sum + local.desired.instance.units, 0)
      const parts = group.reduce((sum, local) => sum + unitsUsed(local.desired.instance), 0)
      this.#meterOf(group[0]!).change(this.#now(), -parts, parts)
      this.#options.jobOf(desired).work(desired.instance.partition, desired.instance.deviceModel, units)
    }
  }

  /** It ends by itself once the data is here. */
  #stage(local: Local): void {
    const { attempt } = local
    const seconds = this.#options.onStager(local.desired)
    this.#options.clock.after(1000 * seconds, () => {
      const { id } = local.desired.instance
      if (this.#locals.get(id) !== local || local.attempt !== attempt || local.state !== 'running') return
      local.state = 'completed'
      this.#news.touch(id)
    })
  }

  /** One busy unit of a class is taken away. False where none is. */
  #strike(key: string): boolean {
    const busy = [...this.#locals.values()].filter((local) => local.key === key && holdsUnits(local))
    const victim = busy[this.#options.random.integer(Math.max(1, busy.length))]
    if (victim === undefined) return false
    this.#halt(victim, 'its machine was taken away')
    return true
  }

  /** It no longer runs and may start again. */
  #halt(local: Local, why: string): void {
    const { instance } = local.desired
    const wasRunning = local.state === 'running'
    this.#release(local)
    local.state = 'waiting'
    local.why = why
    if (why !== '' && this.#isUp) this.#news.touch(instance.id)
    if (!wasRunning) return
    const job = this.#options.jobOf(local.desired)
    if (instance.role === 'parameter-server') job.stopServer(instance.partition)
    else if (instance.role === 'worker') {
      const redo = why === '' ? 0 : this.#options.times.redo
      job.work(instance.partition, instance.deviceModel, -instance.units, redo)
    }
  }

  #release(local: Local): void {
    if (!holdsUnits(local)) return
    const { instance } = local.desired
    const units = unitsUsed(instance)
    this.#pool(local.key).remove(this.#now(), instance, local.deviceId)
    local.deviceId = ''
    const isStarting = local.state === 'starting'
    this.#meterOf(local).change(this.#now(), isStarting ? -units : 0, isStarting ? 0 : -units)
  }

  #meterOf({ desired, key }: Local): Meter {
    const { jobId, partition } = desired.instance
    const name = `${jobId} ${partition} ${key}`
    const known = this.#meters.get(name)
    if (known !== undefined) return known
    const meter = new Meter({ jobId, region: this.region, partition, key }, this.#now())
    meter.setIdle(this.#now(), this.#options.jobOf(desired).isIdle(partition))
    this.#meters.set(name, meter)
    return meter
  }

  #metersOf(jobId: string, partition: string): readonly Meter[] {
    return this.pools.flatMap(({ pool }) => this.#meters.get(`${jobId} ${partition} ${pool.key}`) ?? [])
  }

  #closeMeters(jobId: string, partition: string): void {
    for (const { pool } of this.pools) {
      const name = `${jobId} ${partition} ${pool.key}`
      const meter = this.#meters.get(name)
      if (meter === undefined) continue
      assert(Math.abs(meter.units) < 1e-6, `${meter.units} units of ${name} are still metered in ${this.region}`)
      this.#news.use(meter.take(this.#now()))
      this.#meters.delete(name)
    }
  }

  #observed(id: string): ObservedInstance | null {
    const local = this.#locals.get(id)
    if (local === undefined) return null
    const { instance } = local.desired
    const isServer = instance.role === 'parameter-server'
    const progress =
      isServer && local.attempt > 0 ? this.#options.jobOf(local.desired).progressOf(instance.partition) : null
    return {
      id,
      state: local.state === 'waiting' ? 'backing-off' : local.state,
      attempt: local.attempt,
      reason: local.why,
      endpoint: instance.role !== 'worker' && local.state === 'running' ? `${this.region}:7000` : '',
      progress,
      firstStepAtMs: progress?.phase === 'training' ? this.#now() : null,
      resumption: resumptionOf(instance),
      staging: null,
      serving: null,
      deviceId: local.deviceId,
    }
  }

  #agent(): Agent {
    return {
      region: this.region,
      agentId: `agent-of-${this.region}`,
      incarnation: this.#incarnation,
      version: 'simulated',
      isConnected: this.#isUp,
      lastHeartbeatAtMs: this.#now(),
      devices: this.pools.flatMap((pool): readonly Device[] => pool.devices()),
    }
  }

  #pool(key: string): PoolState {
    return present(this.#pools.get(key), `${key} in ${this.region}`)
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

function isActive({ state }: Local): boolean {
  return state === 'starting' || state === 'running'
}

function holdsUnits(local: Local): boolean {
  return isActive(local) && local.desired.instance.role === 'worker'
}
