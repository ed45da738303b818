// What truly becomes of a job: its partitions as amounts of samples that flow at the speed of the units that run, together
// as the forecast's model of the wire says (course.ts). Nothing here decides; agents say which functions run, the control
// plane says what should. Between two changes everything is linear, so a job has an event only where something happens.
// Limit: regions that are done early still count as sending until all are done.
import type { Exchange, ModelSize } from '#control-plane/model/plan.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { PartitionPhase, PartitionProgress } from '#control-plane/model/snapshot.ts'
import type { Links } from '#control-plane/scheduler/exchange.ts'
import { withExchange } from '#control-plane/model/with-exchange.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { courseOf, roundsBehind, type Course } from './course.ts'

export type FluidJobOptions = {
  readonly clock: Clock
  readonly spec: JobSpec
  readonly links: Links
  readonly modelSize: ModelSize | null
  readonly reportEveryMs: number
  /** True samples per second of one unit. */
  readonly speedOf: (deviceModel: string) => number
  /** What the plan in force says of synchronisation. */
  readonly exchange: () => Exchange | null
  /** Something of this partition is worth telling. */
  readonly onNews: (partition: string) => void
  /** From now on its units train, or do not. */
  readonly onPhase: (partition: string, isIdle: boolean) => void
  /** Every partition that is left has ended its last synchronisation. */
  readonly onFinished: () => void
}

type Part = {
  readonly name: string
  place: string
  readonly total: number
  done: number
  sentBytes: number
  samplesPerSecond: number
  units: number
  isServerUp: boolean
  /** Its data and first parameters are there from then on. */
  readyAtMs: number
  phase: PartitionPhase
  /** Samples per second, the wire considered. */
  rate: number
}

export class FluidJob {
  readonly #options: FluidJobOptions
  readonly #parts = new Map<string, Part>()
  readonly #linkBytes = new Map<string, number>()
  #course: Course = { pace: 1, flows: [], last: { flows: [], seconds: 0 } }
  #atMs: number
  #reportedAtMs: number
  #timer: Timer | null = null
  #isDraining = false
  #endsAtMs: number | null = null

  constructor(options: FluidJobOptions) {
    this.#options = options
    this.#atMs = options.clock.monotonicMs()
    this.#reportedAtMs = this.#atMs
  }

  /** A parameter server runs; a partition that comes from elsewhere takes what it has done along. */
  startServer(name: string, place: string, samples: number, readyInSeconds: number): void {
    this.#advance()
    const before = this.#parts.get(name)
    const readyAtMs = this.#atMs + readyInSeconds * 1000
    if (before === undefined) {
      const part: Part = { ...nothing, name, place, total: samples, isServerUp: true, readyAtMs }
      this.#parts.set(name, part)
    } else Object.assign(before, { place, isServerUp: true, readyAtMs })
    this.#change()
  }

  stopServer(name: string): void {
    this.#advance()
    const part = this.#parts.get(name)
    if (part !== undefined) part.isServerUp = false
    this.#change()
  }

  /** More or fewer workers run, of which each lost one takes the last seconds of its work with it. */
  work(name: string, deviceModel: string, units: number, redoSeconds = 0): void {
    this.#advance()
    const part = this.#parts.get(name)
    if (part === undefined) return
    const speed = this.#options.speedOf(deviceModel)
    part.units += units
    // Nothing is left of rounding once nobody works.
    part.samplesPerSecond = part.units === 0 ? 0 : Math.max(0, part.samplesPerSecond + units * speed)
    if (part.phase === 'training') part.done = Math.max(0, part.done - redoSeconds * speed * Math.abs(units))
    this.#change()
  }

  /** All samples are used: what is left is the last synchronisation. */
  drain(evaluationSeconds: number): void {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#advance()
    this.#endsAtMs = this.#atMs + 1000 * (this.#course.last.seconds + evaluationSeconds)
    this.#schedule()
  }

  isIdle(name: string): boolean {
    const part = this.#parts.get(name)
    return part === undefined || part.phase !== 'training'
  }

  /** Null for a partition that it does not have. */
  progressOf(name: string): PartitionProgress | null {
    this.#advance()
    const part = this.#parts.get(name)
    return part === undefined ? null : this.#progress(part)
  }

  /** Bytes by [from, to] since the last call. */
  takeBytes(): ReadonlyMap<string, number> {
    this.#advance()
    const bytes = new Map([...this.#linkBytes].filter(([, count]) => count > 0))
    this.#linkBytes.clear()
    return bytes
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #advance(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const seconds = (nowMs - this.#atMs) / 1000
    if (seconds <= 0) return
    this.#atMs = nowMs
    let isAny = false
    for (const part of this.#parts.values()) {
      if (part.rate === 0) continue
      isAny = true
      part.done = Math.min(part.total, part.done + part.rate * seconds)
    }
    if (isAny) for (const { from, to, bytes } of this.#course.flows) this.#send(from, to, bytes * seconds)
  }

  #send(from: string, to: string, bytes: number): void {
    const key = `${from} ${to}`
    this.#linkBytes.set(key, (this.#linkBytes.get(key) ?? 0) + bytes)
    for (const part of this.#parts.values()) if (part.place === from) part.sentBytes += bytes
  }

  /** Everybody's course from now on. */
  #change(): void {
    this.#settlePhases()
    const working = [...this.#parts.values()].filter(isWorking)
    const { spec, links, modelSize } = this.#options
    this.#course = courseOf({
      spec,
      exchange: this.#options.exchange(),
      links,
      modelSize,
      working: working.map((part) => ({ ...part, samplesLeft: part.total - part.done })),
    })
    for (const part of this.#parts.values()) part.rate = isWorking(part) ? part.samplesPerSecond * this.#course.pace : 0
    this.#schedule()
  }

  #settlePhases(): void {
    for (const part of this.#parts.values()) {
      const phase = this.#phaseOf(part)
      if (phase === part.phase) continue
      this.#options.onPhase(part.name, phase !== 'training')
      part.phase = phase
      this.#options.onNews(part.name)
    }
  }

  #phaseOf(part: Part): PartitionPhase {
    if (part.phase === 'finished' || isDone(part)) return part.phase === 'finished' ? 'finished' : 'draining'
    const isTraining = part.isServerUp && part.units > 0 && this.#isPast(part.readyAtMs)
    // Once it has begun it goes on, whatever happens to its workers.
    return isTraining ? 'training' : part.phase
  }

  #schedule(): void {
    this.#timer?.cancel()
    const atMs = this.#nextMs()
    const { clock } = this.#options
    this.#timer = Number.isFinite(atMs) ? clock.after(atMs - clock.monotonicMs(), () => this.#happen()) : null
  }

  #nextMs(): number {
    let next = this.#endsAtMs ?? Number.POSITIVE_INFINITY
    for (const part of this.#parts.values()) {
      if (part.rate > 0) {
        next = Math.min(next, this.#atMs + (1000 * (part.total - part.done)) / part.rate)
        next = Math.min(next, this.#reportedAtMs + this.#options.reportEveryMs)
      }
      if (part.isServerUp && part.units > 0 && !this.#isPast(part.readyAtMs)) next = Math.min(next, part.readyAtMs)
    }
    return next
  }

  #happen(): void {
    this.#timer = null
    this.#advance()
    if (this.#endsAtMs !== null && this.#isPast(this.#endsAtMs)) {
      this.#finish()
      return
    }
    if (this.#isPast(this.#reportedAtMs + this.#options.reportEveryMs)) {
      this.#reportedAtMs = this.#atMs
      for (const part of this.#parts.values()) if (part.rate > 0) this.#options.onNews(part.name)
    }
    let isReady = false
    for (const part of this.#parts.values()) {
      // Rounding must not leave a last crumb for ever.
      if (part.rate > 0 && part.total - part.done <= part.rate * crumbSeconds) part.done = part.total
      if (isDone(part) && part.rate > 0) part.rate = 0
      isReady ||= part.phase === 'starting' && part.isServerUp && this.#isPast(part.readyAtMs)
    }
    if (isReady) this.#change()
    else {
      this.#settlePhases()
      this.#schedule()
    }
  }

  /** A clock that counts from 1970 knows a quarter of a microsecond at best: what is a moment away is now. */
  #isPast(atMs: number): boolean {
    return atMs <= this.#atMs + 1000 * crumbSeconds
  }

  #finish(): void {
    this.#endsAtMs = null
    for (const { from, to, bytes } of this.#course.last.flows) this.#send(from, to, bytes)
    for (const part of this.#parts.values()) {
      this.#options.onPhase(part.name, true)
      Object.assign(part, { phase: 'finished', rate: 0 })
    }
    this.#options.onFinished()
  }

  #progress(part: Part): PartitionProgress {
    const { spec, modelSize } = this.#options
    const exchange = this.#options.exchange()
    const sync = withExchange(spec.sync, exchange)
    const sent = [...this.#parts.values()].reduce((sum, { sentBytes }) => sum + sentBytes, 0)
    const rounds = modelSize === null ? 0 : roundsBehind(spec, exchange, modelSize, this.#parts.size, sent)
    const steps = Math.floor(part.done / (modelSize?.samplesPerStep ?? 1))
    return {
      region: part.name,
      phase: part.phase,
      epoch: Math.floor(part.done / Math.max(1, part.total / spec.training.epochs)),
      samplesDone: Math.floor(part.done),
      samplesTotal: part.total,
      steps,
      loss: 0,
      workers: part.units,
      rounds: Math.floor(rounds),
      wanBytesSent: Math.round(part.sentBytes),
      modelHash: part.phase === 'finished' ? 'final' : '',
      // Of the steps: what a round waits is not in it.
      samplesPerSecond: part.phase === 'training' ? part.samplesPerSecond : 0,
      leasesReturned: 0,
      sync: {
        planVersion: 1,
        interval: sync.interval,
        codec: sync.codec,
        fragments: sync.fragments,
        committedRound: Math.floor(rounds),
        hub: exchange?.hub ?? '',
        term: 1,
        hears: [],
        stepSeconds: part.samplesPerSecond > 0 ? (modelSize?.samplesPerStep ?? 1) / part.samplesPerSecond : 0,
        stallShare: 1 - this.#course.pace,
        reason: '',
        links: [],
        lateCarried: 0,
        lateDropped: 0,
        refused: {},
      },
    }
  }
}

const nothing = {
  done: 0,
  sentBytes: 0,
  samplesPerSecond: 0,
  units: 0,
  phase: 'starting' as PartitionPhase,
  rate: 0,
}

/** Less than this much work or time left is none. */
const crumbSeconds = 1e-3

function isDone({ done, total }: Part): boolean {
  return done >= total
}

function isWorking(part: Part): boolean {
  return part.phase === 'training' && part.isServerUp && part.samplesPerSecond > 0 && !isDone(part)
}
