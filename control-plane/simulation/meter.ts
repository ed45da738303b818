// Unit-seconds of one class in one partition, by what they were for, in windows. As an agent's meter does, but for all units
// of a class together: a window of a hundred workers is one entry.
import type { Usage, UsagePurpose } from '#control-plane/model/ledger.ts'

export type MeterOf = {
  readonly jobId: string
  readonly region: string
  readonly partition: string
  /** Class key. */
  readonly key: string
}

type Purpose = Extract<UsagePurpose, 'start' | 'train' | 'idle'>

export class Meter {
  readonly #of: MeterOf
  readonly #startMs: number
  #units = { starting: 0, running: 0 }
  #isIdle = true
  #atMs: number
  #windowMs: number
  #seconds: Record<Purpose, number> = { start: 0, train: 0, idle: 0 }
  #windows = 0

  /** Times are the wall's, `nowMs` that of the first window. */
  constructor(of: MeterOf, nowMs: number) {
    this.#of = of
    this.#startMs = nowMs
    this.#atMs = nowMs
    this.#windowMs = nowMs
  }

  get units(): number {
    return this.#units.starting + this.#units.running
  }

  change(nowMs: number, starting: number, running: number): void {
    this.#accrue(nowMs)
    this.#units = { starting: this.#units.starting + starting, running: this.#units.running + running }
  }

  setIdle(nowMs: number, isIdle: boolean): void {
    this.#accrue(nowMs)
    this.#isIdle = isIdle
  }

  /** What the window has had, which ends with this. */
  take(nowMs: number): readonly Usage[] {
    this.#accrue(nowMs)
    const { jobId, region, partition, key } = this.#of
    const window = this.#windows++
    const usages = purposes
      .filter((purpose) => this.#seconds[purpose] > 0)
      .map((purpose): Usage => ({
        id: `${jobId}/${partition}/${key}/${this.#startMs}/${window}/${purpose}`,
        jobId,
        instanceId: `${jobId}/${partition}`,
        region,
        kind: 'device-seconds',
        subject: key,
        quantity: this.#seconds[purpose],
        fromMs: this.#windowMs,
        toMs: nowMs,
        attempt: 1,
        purpose,
      }))
    this.#seconds = { start: 0, train: 0, idle: 0 }
    this.#windowMs = nowMs
    return usages
  }

  #accrue(nowMs: number): void {
    const seconds = (nowMs - this.#atMs) / 1000
    this.#atMs = nowMs
    this.#seconds.start += seconds * this.#units.starting
    this.#seconds[this.#isIdle ? 'idle' : 'train'] += seconds * this.#units.running
  }
}

const purposes = ['start', 'train', 'idle'] as const
