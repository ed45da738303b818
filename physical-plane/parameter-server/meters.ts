// What a partition counts: its own steps, its rounds, and the bytes it sends to each region.
import { averageWeight } from './config.ts'
import type { RoundRecord } from './records.ts'

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

export class RoundMeter {
  #rounds: number
  #members = new Set<string>()
  #bytesSent = 0
  #bytesReceived = 0
  #sinceMs: number

  constructor(rounds: number, nowMs: number) {
    this.#rounds = rounds
    this.#sinceMs = nowMs
  }

  get rounds(): number {
    return this.#rounds
  }

  sent(bytes: number): void {
    this.#bytesSent += bytes
  }

  received(region: string, bytes: number): void {
    this.#members.add(region)
    this.#bytesReceived += bytes
  }

  close(members: readonly string[], replicaHash: string, nowMs: number, monotonicMs: number): RoundRecord {
    this.#rounds += 1
    const record: RoundRecord = {
      kind: 'round',
      number: this.#rounds,
      members: [...new Set([...members, ...this.#members])].sort(),
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      seconds: Math.max(0, monotonicMs - this.#sinceMs) / 1000,
      atMs: nowMs,
      replicaHash,
    }
    this.#members = new Set()
    this.#bytesSent = 0
    this.#bytesReceived = 0
    this.#sinceMs = monotonicMs
    return record
  }
}

/**
 * Bytes on the wire by receiving region, each time they are sent, since re-sent bytes are billed too. What a checkpoint
 * holds already includes every update that may still be sent after it, so after a crash the count is an upper bound.
 */
export class WanMeter {
  readonly #bytes: Map<string, number>
  readonly #sentSeq = new Map<string, number>()

  constructor(bytes: Readonly<Record<string, number>> = {}) {
    this.#bytes = new Map(Object.entries(bytes))
  }

  get total(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0)
  }

  sent(region: string, bytes: number): void {
    this.#bytes.set(region, (this.#bytes.get(region) ?? 0) + bytes)
  }

  completed(region: string, seq: number): void {
    this.#sentSeq.set(region, Math.max(seq, this.#sentSeq.get(region) ?? 0))
  }

  entries(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#bytes].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  bound(
    regions: readonly string[],
    updates: readonly { readonly seq: number; readonly payloadBytes: number; readonly targetRegion: string }[],
  ): Readonly<Record<string, number>> {
    const bytes = { ...this.entries() }
    for (const region of regions) {
      const sentSeq = this.#sentSeq.get(region) ?? 0
      for (const { seq, payloadBytes, targetRegion } of updates) {
        const isForRegion = targetRegion === '' || targetRegion === region
        if (seq > sentSeq && isForRegion) bytes[region] = (bytes[region] ?? 0) + payloadBytes
      }
    }
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
