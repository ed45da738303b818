// All that is metered of the instances of one agent: device time and what it was for, bytes sent to other
// regions, and what is stored.
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Run } from '#physical-plane/runtime/runtime.ts'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { AgentConfig } from './config.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { joinEntries, Meter, type MeteredRun, type UsedSeconds } from './meter.ts'
import type { Purchase } from './purchase.ts'
import { StorageMeter, type Stored } from './storage-meter.ts'
import { WanMeter, type Sent } from './wan-meter.ts'
import { WorkerPurposes } from './worker-purposes.ts'

export type MetersDependencies = {
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  readonly config: Pick<AgentConfig, 'windowMs' | 'storageWindowMs'>
  readonly purchase: Purchase
  readonly region: string
  readonly usedSeconds: UsedSeconds
  readonly placeOf: (jobId: string, partition: string) => string
  readonly storedOf: (jobId: string, partition: string) => Promise<Stored>
}

export class Meters {
  readonly #devices: Meter
  readonly #wan: WanMeter
  readonly #fetched: WanMeter
  readonly #checkpoints: WanMeter
  readonly #purposes: WorkerPurposes
  readonly #storage: StorageMeter

  constructor(dependencies: MetersDependencies) {
    const { clock, journal, config, purchase, placeOf, region, usedSeconds } = dependencies
    this.#storage = new StorageMeter(dependencies)
    this.#devices = new Meter(clock, journal, config, purchase, usedSeconds)
    this.#wan = new WanMeter(clock, journal, { placeOf })
    this.#fetched = new WanMeter(clock, journal, { word: 'fetched', fetcher: region })
    this.#checkpoints = new WanMeter(clock, journal, { word: 'checkpoints' })
    this.#purposes = new WorkerPurposes(journal, this.#devices)
  }

  /** `storingFor`: the partition that keeps something while this runs; null for what is no parameter server. */
  begin(run: MeteredRun & Pick<Run, 'startedAtMs'>, storingFor: string | null): void {
    this.#devices.begin(run)
    if (storingFor !== null) this.#storage.begin(run, storingFor)
  }

  /** What is left to be told of a run, to be journaled in one entry with the fact that it has ended. */
  end(instanceId: string, endedAtMs: number): JournalEntry {
    const sent = joinEntries(...this.#allWan.map((meter) => meter.entry(instanceId)))
    return joinEntries(this.#devices.end(instanceId, endedAtMs), this.#storage.end(instanceId, endedAtMs), sent)
  }

  sent(instanceId: string, sent: Sent): void {
    const meter = sent.purpose === 'checkpoint' ? this.#checkpoints : this.#wan
    meter.report(instanceId, sent)
  }

  /** What a stager fetched itself, by region; what its own region gives it costs nothing on the way. */
  fetched(instanceId: string, fetched: Sent): void {
    this.#fetched.report(instanceId, fetched)
  }

  /** A parameter server's word of its workers. */
  heard(serverId: string, status: InstanceStatus__Output): void {
    this.#purposes.heard(serverId, status)
  }

  /** An instance of a function answers from now on. */
  serves(instanceId: string): void {
    this.#devices.use(instanceId, 'serve', 0)
  }

  /** It has other shares of its GPUs from now on. */
  reshape(instanceId: string, slices: Run['slices']): void {
    this.#devices.reshape(instanceId, slices)
  }

  /** Partitions are about to be elsewhere. */
  settlePlaces(): void {
    this.#wan.settle()
  }

  tick(): void {
    this.#devices.tick()
    for (const meter of this.#allWan) meter.tick()
    this.#purposes.tick()
    this.#storage.tick()
  }

  forget(instanceId: string): JournalEntry {
    return joinEntries(...this.#allWan.map((meter) => meter.forget(instanceId)), this.#purposes.forget(instanceId))
  }

  get #allWan(): readonly WanMeter[] {
    return [this.#wan, this.#fetched, this.#checkpoints]
  }
}
