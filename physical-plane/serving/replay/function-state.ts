// One function in a replay: its requests from arrival to answer or refusal, the seconds that its policy will see, and its sums.
import { assert } from '#runtime/assert.ts'
import type { Autoscaler, LatencyModel, Second, Shape } from '../scaling/autoscaler.ts'
import { replayConfig as config } from './config.ts'
import type { Generation } from './generation.ts'
import type { ReplayInstance } from './instance.ts'

export type ReplayedFunction = {
  readonly name: string
  /** In ascending order. */
  readonly arrivalsMs: Float64Array
  /** How long batches take, and what policies know of that. */
  readonly truth: LatencyModel
  readonly known: LatencyModel
  readonly slo: { readonly latencyMs: number; readonly percentile: number } | null
  readonly instancesMin: number
  readonly instancesMax: number
  readonly batchMax: number
  readonly shape: Shape
  readonly memoryBytes: number
  /** From being wanted to answering. */
  readonly coldStartMs: number
  /** 0: 30 s. */
  readonly timeoutMs: number
  /** Absent: all of a batch are answered together, and each like the other. */
  readonly generation?: Generation
  /** Requests that wait at most; 0: as many as the objective lets be answered. */
  readonly queueMax: number
}

export type Happening = { readonly atMs: number; readonly what: string; readonly because: string }

/** `isAnswered`, or refused. */
export type Visit = { readonly atMs: number; readonly onSettled: (isAnswered: boolean) => void }

const waiting = -1
const refused = -2

export class FunctionState {
  readonly spec: ReplayedFunction
  /** Nobody is refused for being late. */
  readonly isQueueing: boolean
  /** In order of birth. */
  readonly instances: ReplayInstance[] = []
  readonly history: Second[] = []
  readonly happenings: Happening[] = []
  nextArrival = 0
  memory: unknown
  overSlo = 0
  born = 0
  coldStarts = 0
  unplaced = 0
  resized = 0
  gpuSeconds = 0
  guaranteedGpuSeconds = 0
  usd = 0
  /** What the ready instances answer, as it was looked at last. */
  capacityPerMs = 0
  /** The last request that came while nobody answered did so then. */
  coldAtMs = Number.NEGATIVE_INFINITY
  readonly #latencies: Float64Array
  /** Requests of pipelines: when each came, and who is told what becomes of it. */
  readonly #visits: Visit[] = []
  readonly #visitLatencies: number[] = []
  #queue: number[] = []
  #head = 0
  #inFlight = 0
  #second = { arrived: 0, answered: 0, refused: 0, overSlo: 0, latencies: [] as number[] }

  constructor(spec: ReplayedFunction, { initial, isQueueing = false }: Autoscaler) {
    this.spec = spec
    this.memory = initial
    this.isQueueing = isQueueing
    this.#latencies = new Float64Array(spec.arrivalsMs.length).fill(waiting)
  }

  /** Milliseconds of each request that was answered, below 0 for others; those of pipelines last. */
  get latencies(): Float64Array {
    const all = new Float64Array(this.#latencies.length + this.#visitLatencies.length)
    all.set(this.#latencies)
    all.set(this.#visitLatencies, this.#latencies.length)
    return all
  }

  get queued(): number {
    return this.#queue.length - this.#head
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get isDone(): boolean {
    return this.nextArrival === this.spec.arrivalsMs.length && this.queued === 0 && this.#inFlight === 0
  }

  /** A request that comes from a pipeline. */
  visit(visit: Visit): number {
    assert(this.spec.generation === undefined, `${this.spec.name} answers token by token and is no stage`)
    this.#visitLatencies.push(waiting)
    return this.spec.arrivalsMs.length + this.#visits.push(visit) - 1
  }

  arrive(): void {
    this.#second.arrived += 1
  }

  wait(request: number): void {
    this.#queue.push(request)
  }

  refuse(request: number): void {
    this.#settle(request, refused)
    this.#second.refused += 1
  }

  /** Those that have waited for as long as they may are refused; the others are in order of arrival. */
  expire(nowMs: number): void {
    const timeoutMs = this.spec.timeoutMs > 0 ? this.spec.timeoutMs : config.timeoutMsDefault
    while (this.queued > 0 && nowMs - this.#cameAtMs(this.#queue[this.#head]!) >= timeoutMs) this.refuse(this.#next())
  }

  /** How long the oldest one has waited. */
  waitedMs(nowMs: number): number {
    return this.queued === 0 ? 0 : nowMs - this.#cameAtMs(this.#queue[this.#head]!)
  }

  /** The oldest one is told that it would be too late. */
  giveUp(): void {
    this.refuse(this.#next())
  }

  take(count: number): readonly number[] {
    this.#inFlight += count
    return Array.from({ length: count }, () => this.#next())
  }

  answer(requests: readonly number[], nowMs: number): void {
    this.#inFlight -= requests.length
    for (const request of requests) {
      const latencyMs = nowMs - this.#cameAtMs(request)
      const { slo, generation } = this.spec
      const objectiveMs = generation?.objectivesMs[request] ?? slo?.latencyMs ?? Number.POSITIVE_INFINITY
      this.#settle(request, latencyMs)
      this.#second.answered += 1
      // Where objectives differ, as it would be with the one that policies know.
      this.#second.latencies.push(slo === null ? latencyMs : (latencyMs / objectiveMs) * slo.latencyMs)
      if (latencyMs <= objectiveMs) continue
      this.#second.overSlo += 1
      this.overSlo += 1
    }
  }

  endSecond(atMs: number): Second {
    const { latencies, ...counts } = this.#second
    latencies.sort((a, b) => a - b)
    const percentile = this.spec.slo?.percentile ?? 99
    const latencyMs = latencies[Math.max(0, Math.ceil((percentile / 100) * latencies.length) - 1)] ?? 0
    const second = { atMs, ...counts, queued: this.queued, inFlight: this.#inFlight, latencyMs }
    this.history.push(second)
    if (this.history.length > 2 * config.historySeconds) this.history.splice(0, config.historySeconds)
    this.#second = { arrived: 0, answered: 0, refused: 0, overSlo: 0, latencies: [] }
    return second
  }

  note(atMs: number, what: string, because: string): void {
    if (this.happenings.length < config.happeningsMax) this.happenings.push({ atMs, what, because })
  }

  #settle(request: number, as: number): void {
    const visit = this.#visitOf(request)
    const [latencies, at] =
      visit === undefined ? [this.#latencies, request] : [this.#visitLatencies, request - this.spec.arrivalsMs.length]
    assert(latencies[at] === waiting, `request ${request} of ${this.spec.name} is settled once`)
    latencies[at] = as
    visit?.onSettled(as !== refused)
  }

  #visitOf(request: number): Visit | undefined {
    return this.#visits[request - this.spec.arrivalsMs.length]
  }

  #cameAtMs(request: number): number {
    return this.#visitOf(request)?.atMs ?? this.spec.arrivalsMs[request]!
  }

  #next(): number {
    const request = this.#queue[this.#head]!
    this.#head += 1
    if (this.#head > 4_096 && 2 * this.#head > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return request
  }
}
