// What a partition counts: its own steps, its rounds, and the bytes it sends to each region.
import { averageWeight, paceSampleSeconds } from './config.ts'
import type { RoundRecord } from './records.ts'
import { movingAverage } from './sync/when/link-average.ts'
import type { Receipt } from './sync/update-strategy.ts'

export type StepCounts = {
  readonly steps: number
  readonly loss: number
  readonly samplesPerSecond: number
  readonly firstStepAtMs: number
}

export class StepMeter {
  #counts: StepCounts
  #lastAtMs: number | null = null

  constructor(counts: StepCounts = { steps: 0, loss: Number.NaN, samplesPerSecond: 0, firstStepAtMs: 0 }) {
    // JSON has no NaN.
    this.#counts = { ...counts, loss: counts.loss ?? Number.NaN }
  }

  get counts(): StepCounts {
    return this.#counts
  }

  step(step: { readonly samples: number; readonly loss: number }, nowMs: number, monotonicMs: number): void {
    const { steps, loss, samplesPerSecond, firstStepAtMs } = this.#counts
    const seconds = this.#lastAtMs === null ? 0 : (monotonicMs - this.#lastAtMs) / 1000
    this.#lastAtMs = monotonicMs
    this.#counts = {
      steps: steps + 1,
      loss: moved(loss, step.loss),
      samplesPerSecond: seconds > 0 ? harmonic(samplesPerSecond, step.samples / seconds) : samplesPerSecond,
      firstStepAtMs: firstStepAtMs === 0 ? nowMs : firstStepAtMs,
    }
  }
}

/** Of a round, what only this region's meters know. */
export type RoundTraffic = Pick<RoundRecord, 'number' | 'bytesSent' | 'bytesReceived' | 'seconds' | 'stallSeconds'>

export type Receipts = {
  /** Regions whose updates were applied. */
  readonly senders: readonly string[]
  /** Of the stalest update that was applied. */
  readonly stalenessSteps: number
  /** Of regions of which updates were left out: how old the stalest was. */
  readonly leftOut: Readonly<Record<string, number>>
}

export class RoundMeter {
  #rounds: number
  readonly #senders = new Set<string>()
  readonly #leftOut = new Map<string, number>()
  #stalenessSteps = 0
  #bytesSent = 0
  #bytesReceived = 0
  #sinceMs: number
  /** When updates were sealed that not all who are heard have yet, ascending by number. */
  #underWay: (readonly [number, number])[] = []
  #deliverySeconds = 0
  #stallSecondsBefore = 0

  constructor(rounds: number, nowMs: number) {
    this.#rounds = rounds
    this.#sinceMs = nowMs
  }

  get rounds(): number {
    return this.#rounds
  }

  /** What became of other regions' updates since the last round was closed. */
  get receipts(): Receipts {
    const leftOut = Object.fromEntries([...this.#leftOut].sort(([a], [b]) => (a < b ? -1 : 1)))
    return { senders: [...this.#senders].sort(), stalenessSteps: this.#stalenessSteps, leftOut }
  }

  sent(bytes: number): void {
    this.#bytesSent += bytes
  }

  received(bytes: number): void {
    this.#bytesReceived += bytes
  }

  took(region: string, { isApplied, stalenessSteps }: Receipt): void {
    if (isApplied) {
      this.#senders.add(region)
      this.#stalenessSteps = Math.max(this.#stalenessSteps, stalenessSteps)
    } else this.#leftOut.set(region, Math.max(this.#leftOut.get(region) ?? 0, stalenessSteps))
  }

  sealed(seq: number, monotonicMs: number): void {
    this.#underWay.push([seq, monotonicMs])
  }

  /** All who are heard have everything up to `seq` durably. */
  delivered(seq: number, monotonicMs: number): void {
    const newest = this.#underWay.findLast(([sealed]) => sealed <= seq)
    if (newest === undefined) return
    this.#deliverySeconds = (monotonicMs - newest[1]) / 1000
    this.#underWay = this.#underWay.filter(([sealed]) => sealed > seq)
  }

  /** Of the newest update that was delivered since the last round was closed; 0 without. */
  get deliverySeconds(): number {
    return this.#deliverySeconds
  }

  close(monotonicMs: number, stallSeconds: number): RoundTraffic {
    this.#rounds += 1
    const traffic = {
      number: this.#rounds,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      seconds: Math.max(0, monotonicMs - this.#sinceMs) / 1000,
      stallSeconds: stallSeconds - this.#stallSecondsBefore,
    }
    this.#senders.clear()
    this.#leftOut.clear()
    this.#stalenessSteps = 0
    this.#deliverySeconds = 0
    this.#bytesSent = 0
    this.#bytesReceived = 0
    this.#sinceMs = monotonicMs
    this.#stallSecondsBefore = stallSeconds
    return traffic
  }
}

/**
 * Time in which local steps had to wait for the WAN, and how quick they are otherwise. Several workers step in bursts, so
 * the average is of stretches of time, not of single steps.
 */
export class StallMeter {
  #stallSeconds = 0
  #blockedSinceMs: number | null = null
  #stepAtMs: number | null = null
  #firstStepAtMs: number | null = null
  #stallAtFirstStep = 0
  #stallAtStep = 0
  #stepSeconds = 0
  #isKnown = false
  #sampleSteps = 0
  #sampleSeconds = 0

  get stallSeconds(): number {
    return this.#stallSeconds
  }

  get stepsPerSecond(): number {
    return this.#stepSeconds === 0 ? 0 : 1 / this.#stepSeconds
  }

  /** Of the time since this process's first step: what it did not live through it did not wait for either. */
  share(monotonicMs: number): number {
    const lived = this.#firstStepAtMs === null ? 0 : (monotonicMs - this.#firstStepAtMs) / 1000
    return lived <= 0 ? 0 : Math.min(1, (this.#stallSeconds - this.#stallAtFirstStep) / lived)
  }

  /** Call whenever it may have changed. */
  blocked(isBlocked: boolean, monotonicMs: number): void {
    if (this.#blockedSinceMs !== null) this.#stallSeconds += (monotonicMs - this.#blockedSinceMs) / 1000
    this.#blockedSinceMs = isBlocked ? monotonicMs : null
  }

  step(monotonicMs: number): void {
    if (this.#stepAtMs !== null) {
      const waited = this.#stallSeconds - this.#stallAtStep
      this.#sampleSteps += 1
      this.#sampleSeconds += Math.max(0, (monotonicMs - this.#stepAtMs) / 1000 - waited)
      this.#sampled()
    }
    if (this.#firstStepAtMs === null) this.#stallAtFirstStep = this.#stallSeconds
    this.#firstStepAtMs ??= monotonicMs
    this.#stepAtMs = monotonicMs
    this.#stallAtStep = this.#stallSeconds
  }

  #sampled(): void {
    const sample = this.#sampleSeconds / this.#sampleSteps
    const isWhole = this.#sampleSeconds >= paceSampleSeconds
    // The first one is told while it lasts: without any speed nothing can be planned.
    if (!this.#isKnown) this.#stepSeconds = sample
    else if (isWhole) this.#stepSeconds = movingAverage(this.#stepSeconds, sample)
    if (!isWhole) return
    this.#isKnown = true
    this.#sampleSteps = 0
    this.#sampleSeconds = 0
  }
}

/**
 * Bytes on the wire by receiving region, each time they are sent, since re-sent bytes are billed too. What a checkpoint
 * holds already includes all that may be fetched after it, so after a crash the count is an upper bound.
 */
export class WanMeter {
  readonly #bytes: Map<string, number>
  /** Of these, what was sent from where the partition was before it was moved here. */
  readonly elsewhere: Readonly<Record<string, number>>

  constructor(bytes: Readonly<Record<string, number>> = {}, elsewhere: Readonly<Record<string, number>> = {}) {
    this.#bytes = new Map(Object.entries(bytes))
    this.elsewhere = elsewhere
  }

  sent(region: string, bytes: number): void {
    this.#bytes.set(region, (this.#bytes.get(region) ?? 0) + bytes)
  }

  entries(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#bytes].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  totals(): {
    readonly wanBytesSent: Readonly<Record<string, number>>
    readonly wanBytesSentHere: Readonly<Record<string, number>>
  } {
    return { wanBytesSent: this.entries(), wanBytesSentHere: this.entriesHere() }
  }

  entriesHere(): Readonly<Record<string, number>> {
    const here = Object.entries(this.entries()).map(([region, bytes]) => [
      region,
      bytes - (this.elsewhere[region] ?? 0),
    ])
    return Object.fromEntries(here) as Record<string, number>
  }

  bound(regions: readonly string[], offeredBytes: number): Readonly<Record<string, number>> {
    const bytes = { ...this.entries() }
    for (const region of regions) bytes[region] = (bytes[region] ?? 0) + offeredBytes
    return bytes
  }
}

function moved(average: number, value: number): number {
  return Number.isFinite(average) ? average + averageWeight * (value - average) : value
}

/** Rates average by their times: many quick steps after a pause do not hide the pause. */
function harmonic(average: number, rate: number): number {
  return average > 0 ? 1 / moved(1 / average, 1 / rate) : rate
}
