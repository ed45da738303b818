// Where the instances of functions are listened to: reads their status, passes on what concerns their GPUs and meters, tells the
// region's gateway who answers, and has it decided how many of them there should be by what that sees.
import { FunctionScaler, type ServingFunction } from '#physical-plane/serving/scaling/function-scaler.ts'
import type { FunctionWish } from '#proto/generated/cloudless/v1/FunctionWish.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { ObservedState } from '#proto/generated/cloudless/v1/ObservedState.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { absenceOf, absencesOf } from './absences.ts'
import type { AgentConfig } from './config.ts'
import type { Desired } from './desired.ts'
import { GatewayDesk, type GatewayLink } from './gateway-desk.ts'
import type { Answering } from './gateway-routes.ts'
import type { GpuShares } from './gpu-shares.ts'
import type { InstanceLife } from './instance-life.ts'
import type { Meters } from './meters.ts'
import { instanceShape, scaledDevices, scaledInstance, scalingOf, wireWish } from './serving-scaling.ts'
import type { ReadServing, ServingReport } from './serving-status.ts'

export type ServingDeskDependencies = {
  readonly clock: Clock
  readonly config: Pick<
    AgentConfig,
    'servingPollMs' | 'servingPollSoonMs' | 'servingSilentMs' | 'scaleEveryMs' | 'stopGraceMs'
  >
  readonly meters: Pick<Meters, 'serves'>
  readonly shares: Pick<GpuShares, 'heard' | 'uses'>
  readonly lives: () => readonly InstanceLife[]
  readonly desired: () => Desired
  readonly isConnected: () => boolean
  /** None is heard where it is absent. */
  readonly readServing?: ReadServing
  /** Functions are asked at their instances alone where it is absent. */
  readonly gateway?: GatewayLink
  readonly onChange: () => void
}

export class ServingDesk {
  readonly #d: ServingDeskDependencies
  readonly #gateway: GatewayDesk
  readonly #scaler = new FunctionScaler()
  readonly #reports = new Map<string, ServingReport>()
  /** When each one's beat was another one last. */
  readonly #heardAtMs = new Map<string, number>()
  #timer: Timer | null = null
  #scaledAtMs = Number.NEGATIVE_INFINITY
  #isStopped = false

  constructor(dependencies: ServingDeskDependencies) {
    this.#d = dependencies
    const { clock, gateway, desired } = dependencies
    const link = gateway === undefined ? {} : { link: gateway }
    this.#gateway = new GatewayDesk({
      clock,
      desired,
      answering: () => this.#answering(),
      absences: () => this.#absences(),
      ...link,
    })
  }

  start(): void {
    if (this.#d.readServing === undefined || this.#isStopped) return
    const { servingPollMs, servingPollSoonMs } = this.#d.config
    // Each look is a part of their wait.
    const lookMs = this.#gateway.isWaitedFor ? servingPollSoonMs : servingPollMs
    this.#timer = this.#d.clock.after(lookMs, () => void this.#look())
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  get gateway(): GatewayDesk {
    return this.#gateway
  }

  /** Before it is stopped: resolves once no request is with it. */
  async letGo(instanceId: string): Promise<void> {
    await this.#gateway.letGo(instanceId, this.#d.config.stopGraceMs)
  }

  /** What its present run says; null for what is no function's, or has said nothing yet. */
  reportOf({ id, run }: InstanceLife): ServingReport | null {
    const report = this.#reports.get(id) ?? null
    return run !== null && report?.attempt === run.attempt ? report : null
  }

  /** What the control plane is told beside the instances themselves: which each function should have, with which shares. */
  observed(region: string): Pick<ObservedState, 'wishes' | 'gateway' | 'pipelines'> {
    const pipelines = [...this.#gateway.measures(region)]
    return { wishes: this.#wishes(), gateway: this.#gateway.endpoint(region), pipelines }
  }

  #wishes(): Record<string, FunctionWish> {
    const specs = [
      ...this.#d.desired().functions.map(({ id, spec }) => [id, spec] as const),
      ...this.#d.lives().map(({ jobId, instance }) => [jobId, instance.inference] as const),
    ]
    const shares = new Map(specs.map(([functionId, spec]) => [functionId, spec?.gpuShare ?? null]))
    return Object.fromEntries(
      Object.entries(this.#scaler.wishes()).map(([functionId, wish]) => {
        return [functionId, wireWish(wish, shares.get(functionId) ?? null)]
      }),
    )
  }

  async #look(): Promise<void> {
    const serving = this.#serving()
    await Promise.all(serving.map((life) => this.#read(life)))
    if (this.#isStopped) return
    if (await this.#gateway.look()) this.#d.onChange()
    if (this.#isStopped) return
    this.#scale(serving)
    this.start()
  }

  #serving(): readonly InstanceLife[] {
    const lives = this.#d.lives().filter(({ instance }) => instance.role === 'inference')
    const known = new Set(lives.map(({ id }) => id))
    for (const id of this.#reports.keys()) if (!known.has(id)) this.#forget(id)
    return lives.filter(({ state }) => state === 'starting' || state === 'running' || state === 'backing-off')
  }

  /** Those that the gateway may send requests to. */
  #answering(): readonly Answering[] {
    return this.#d.lives().flatMap((life) => {
      const report = life.instance.role === 'inference' && life.state === 'running' ? this.reportOf(life) : null
      if (report === null || !report.status.isReady || report.endpoint === '') return []
      const { id, jobId: functionId, attempt, instance } = life
      const { endpoint: http, grpcEndpoint: grpc } = report
      return [{ id, attempt, http, grpc, functionId, shape: instanceShape(instance), spec: instance.inference }]
    })
  }

  #absences(): (functionId: string) => string {
    const known = absencesOf(this.#d.lives().filter(({ instance }) => instance.role === 'inference'))
    const isConnected = this.#d.isConnected()
    return (functionId) => absenceOf(functionId, known, isConnected)
  }

  #forget(id: string): void {
    this.#gateway.forgetInstance(id)
    this.#reports.delete(id)
    this.#heardAtMs.delete(id)
  }

  async #read(life: InstanceLife): Promise<void> {
    const { run, id } = life
    if (run === null) return
    const report = (await this.#d.readServing?.(id)) ?? null
    if (report === null || report.attempt !== run.attempt) return
    const before = this.#reports.get(id)
    this.#reports.set(id, report)
    if (!this.#isHeard(life, before, report)) return
    if (before !== undefined && JSON.stringify({ ...before, beat: 0 }) === JSON.stringify({ ...report, beat: 0 }))
      return
    const { isReady, latencyMs, requestsPerSecond } = report.status
    if (isReady && before?.status.isReady !== true) this.#d.meters.serves(id)
    this.#d.shares.heard(id, latencyMs, requestsPerSecond)
    this.#d.onChange()
  }

  /** False for one that hangs, which is started again. */
  #isHeard(life: InstanceLife, before: ServingReport | undefined, now: ServingReport): boolean {
    const { clock, config } = this.#d
    const nowMs = clock.monotonicMs()
    const isNew = before === undefined || before.attempt !== now.attempt || before.beat !== now.beat
    const heardAtMs = isNew ? nowMs : (this.#heardAtMs.get(life.id) ?? nowMs)
    this.#heardAtMs.set(life.id, heardAtMs)
    const silentMs = nowMs - heardAtMs
    if (silentMs < config.servingSilentMs) return true
    void life.restart(`it has told nothing for ${(silentMs / 1_000).toFixed(0)} s`)
    return false
  }

  /** Every second; at once for those that are asked and have no instance. */
  #scale(serving: readonly InstanceLife[]): void {
    const nowMs = this.#d.clock.monotonicMs()
    const isDue = nowMs - this.#scaledAtMs >= this.#d.config.scaleEveryMs
    if (!isDue && !this.#gateway.isWaitedFor) return
    const before = JSON.stringify(this.#scaler.wishes())
    const functions = [...Map.groupBy(serving, ({ jobId }) => jobId)]
    const asleep = this.#asleep(new Set(functions.map(([functionId]) => functionId)))
    if (isDue) {
      this.#scaledAtMs = nowMs
      const sampled = functions.map(([functionId, lives]) => this.#functionOf(functionId, lives))
      this.#scaler.sample([...sampled, ...asleep], nowMs)
    } else this.#scaler.wake(asleep, nowMs)
    if (JSON.stringify(this.#scaler.wishes()) !== before) this.#d.onChange()
  }

  /** Functions without instances that somebody asks all the same. */
  #asleep(awake: ReadonlySet<string>): readonly ServingFunction[] {
    return this.#d.desired().functions.flatMap(({ id: functionId, spec }) => {
      if (awake.has(functionId) || !this.#gateway.isAsked(functionId)) return []
      return [{ functionId, ...scalingOf(spec), history: this.#gateway.history(functionId), instances: [] }]
    })
  }

  #functionOf(functionId: string, lives: readonly InstanceLife[]): ServingFunction {
    // Of two versions the newer one's bounds hold; its instances began later.
    const newest = lives.at(-1)!.instance.inference
    const uses = this.#d.shares.uses()
    const instances = lives.map((life) => scaledInstance(life, this.reportOf(life), uses, newest))
    const history = this.#gateway.history(functionId)
    const scaling = scalingOf(this.#withObjective(functionId, newest))
    return { functionId, ...scaling, history, instances, devices: scaledDevices(instances, uses) }
  }

  /** Instances are run with what the function's file says; its part of a pipeline's objective is told beside them. */
  #withObjective(functionId: string, spec: InferenceSpec__Output | null): InferenceSpec__Output | null {
    if (spec === null || spec.slo !== null) return spec
    const served = this.#d.desired().functions.find(({ id }) => id === functionId)
    return { ...spec, slo: served?.spec.slo ?? null }
  }
}
