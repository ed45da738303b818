// Where an agent and its gateway meet: which instances answer goes there, what it measured comes back. An instance that is to be stopped
// is taken out of the routes first and stopped once the gateway has nothing there any more.
import type { Clock } from '#runtime/clock.ts'
import type { GatewayEndpoint } from '#proto/generated/cloudless/v1/GatewayEndpoint.ts'
import type { PipelineMeasure } from '#proto/generated/cloudless/v1/PipelineMeasure.ts'
import type { GatewayStatus, MeasuredStatus, PipelineStatus } from '#physical-plane/serving/gateway/status.ts'
import { secondsOf } from '#physical-plane/serving/gateway/status.ts'
import type { Routes } from '#physical-plane/serving/gateway/routes.ts'
import type { Second } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { Desired } from './desired.ts'
import { routesOf, type Answering } from './gateway-routes.ts'

/** A gateway, however it is run. */
export type GatewayLink = {
  /** Takes over what a predecessor left. */
  start(): Promise<void>
  /** The revision that the gateway will tell once it goes by these. */
  route(routes: Omit<Routes, 'revision'>): Promise<number>
  /** Null while none runs, or it has said nothing. */
  read(): Promise<GatewayStatus | null>
  stop(options: { readonly keep: boolean }): Promise<void>
}

export type GatewayDeskDependencies = {
  readonly clock: Clock
  readonly link?: GatewayLink
  readonly desired: () => Pick<Desired, 'functions' | 'pipelines'>
  readonly answering: () => readonly Answering[]
  /** Why nobody answers for a function, which callers are told; nothing is where it is absent. */
  readonly absences?: () => (functionId: string) => string
}

/** Longer than any policy looks back. */
const secondsKept = 900
const letGoPollMs = 25

export class GatewayDesk {
  readonly #d: GatewayDeskDependencies
  readonly #leaving = new Set<string>()
  readonly #history = new Map<string, Second[]>()
  #status: GatewayStatus | null = null
  #isBegun: Promise<void> | null = null

  constructor(dependencies: GatewayDeskDependencies) {
    this.#d = dependencies
  }

  /** Null where nothing can be asked. */
  get status(): GatewayStatus | null {
    return this.#status
  }

  /** Where it is asked. */
  endpoint(region: string): GatewayEndpoint | null {
    return this.#status === null ? null : { region, http: this.#status.http, grpc: this.#status.grpc }
  }

  /** What it sees of pipelines that somebody has asked for. */
  measures(region: string): readonly PipelineMeasure[] {
    return (this.#status?.pipelines ?? [])
      .filter(({ totals }) => totals.arrived > 0)
      .map((pipeline) => measureOf(pipeline, region))
  }

  /** Tells it who answers, and hears what it saw. True when its addresses are others. */
  async look(): Promise<boolean> {
    const { link } = this.#d
    if (link === undefined) return false
    this.#isBegun ??= link.start()
    await this.#isBegun
    await this.#route()
    const before = this.#status
    this.#status = await link.read()
    for (const each of this.#status?.functions ?? []) this.#keep(each)
    return before?.http !== this.#status?.http || before?.grpc !== this.#status?.grpc
  }

  /** Oldest first, without gaps; empty while nobody has asked for it here, as then its instances know more. */
  history(functionId: string): readonly Second[] {
    const told = this.#status?.functions.find(({ id }) => id === functionId)
    if (this.#status === null || told === undefined || told.totals.arrived === 0) return []
    const known = this.#history.get(functionId) ?? []
    const { atMs } = this.#status
    // The second that is not over, for whoever waits for the first instance.
    const { queued, inFlight } = told
    const running = { atMs, arrived: queued, answered: 0, refused: 0, overSlo: 0, queued, inFlight, latencyMs: 0 }
    return queued > 0 && inFlight === 0 && told.instances.length === 0 ? [...known, running] : known
  }

  /** Somebody waits for it now, or has asked for it just before. */
  isAsked(functionId: string): boolean {
    const told = this.#status?.functions.find(({ id }) => id === functionId)
    if (this.#status === null || told === undefined) return false
    const { atMs } = this.#status
    return told.queued + told.inFlight > 0 || this.history(functionId).some((each) => isJustNow(each, atMs))
  }

  /** Requests wait for a function that nobody answers for yet. */
  get isWaitedFor(): boolean {
    return this.#status?.functions.some(({ queued, instances }) => queued > 0 && instances.length === 0) === true
  }

  /** Resolves once the gateway sends nothing there and has heard of all that it sent, or when time is up. */
  async letGo(instanceId: string, patienceMs: number): Promise<void> {
    const { link, clock } = this.#d
    if (link === undefined || this.#status === null) return
    this.#leaving.add(instanceId)
    const endsAtMs = clock.monotonicMs() + patienceMs
    const revision = await this.#route()
    while (clock.monotonicMs() < endsAtMs) {
      const status = await link.read()
      if (status === null) return
      const isThere = status.functions.some(({ instances }) => instances.some(({ id }) => id === instanceId))
      if (status.revision >= revision && !isThere) return
      await clock.sleep(letGoPollMs)
    }
  }

  /** It is over: what begins under its name again is another one. */
  forgetInstance(instanceId: string): void {
    this.#leaving.delete(instanceId)
  }

  async stop(options: { readonly keep: boolean }): Promise<void> {
    await this.#d.link?.stop(options)
  }

  async #route(): Promise<number> {
    const { link, desired, answering, absences } = this.#d
    const here = answering()
    const routes = routesOf(
      desired(),
      here.filter(({ id }) => !this.#leaving.has(id)),
      absences?.(),
    )
    return (await link?.route(routes)) ?? 0
  }

  #keep(told: MeasuredStatus): void {
    const known = this.#history.get(told.id) ?? []
    const last = known.at(-1)?.atMs ?? 0
    const fresh = secondsOf(told).filter(({ atMs }) => atMs > last)
    const first = fresh[0]
    if (first === undefined) return
    // What nobody counted is not nothing: history begins again behind a gap.
    const hasGap = known.length > 0 && first.atMs - last > 1_500
    this.#history.set(told.id, [...(hasGap ? [] : known), ...fresh].slice(-secondsKept))
  }
}

function measureOf({ id, totals, latency, burn, seconds, stages }: PipelineStatus, region: string): PipelineMeasure {
  const { arrived, answered, failed, refused, overSlo } = totals
  const { p50Ms, p99Ms } = latency
  const came = seconds.arrived.reduce((sum, count) => sum + count, 0)
  return {
    id,
    region,
    arrived,
    answered,
    failed,
    refused,
    overSlo,
    requestsPerSecond: came / Math.max(1, seconds.arrived.length),
    p50Ms,
    p99Ms,
    burnFiveMinutes: burn.fiveMinutes,
    burnOneHour: burn.oneHour,
    stages: stages.map(({ stage, answered: done, failed: lost, latency: took }) => {
      return { stage, answered: done, failed: lost, p50Ms: took.p50Ms, p99Ms: took.p99Ms }
    }),
  }
}

function isJustNow({ atMs, arrived }: Second, nowMs: number): boolean {
  return arrived > 0 && nowMs - atMs < 2_500
}
