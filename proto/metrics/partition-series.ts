// What the numbers of one region's part of a job are called for Prometheus: the same in both planes, under another
// prefix, so that a query over all of them counts nothing twice. Collected anew at each scrape.
import type { Labels, Metrics } from '#runtime/metrics.ts'

/** The region's newest progress; null before the first. */
export type Progress = {
  readonly steps: number
  readonly samplesDone: number
  readonly samplesTotal: number
  readonly loss: number
  readonly workers: number
  readonly samplesPerSecond: number
  readonly rounds: number
  readonly wanBytesSent: number
  readonly sync: {
    readonly planVersion: number
    readonly interval: number
    readonly stallShare: number
    readonly lateCarried: number
    readonly lateDropped: number
    readonly refused: Readonly<Record<string, number>>
    readonly links: readonly {
      readonly fromRegion: string
      readonly mbitPerSecond: number
      readonly roundTripMs: number
    }[]
  } | null
}

/** Sums over the region's rounds, and its newest; null before the first. */
export type Rounds = {
  readonly bytesReceived: number
  readonly exchangeSeconds: number
  readonly stallSeconds: number
  readonly incompleteRounds: number
  readonly last: { readonly stalenessSteps: number; readonly codecError: number; readonly excludedDataShare: number }
}

export type Partition = { readonly progress: Progress | null; readonly rounds: Rounds | null }

/** `labels` name the partition, for example by job and region. */
export class PartitionSeries {
  readonly #clear: (() => void)[] = []
  readonly #add: ((at: Labels, partition: Partition) => void)[] = []

  constructor(metrics: Metrics, prefix: string, labels: readonly string[]) {
    for (const { name, help, read } of counts) this.#define(metrics.counter(prefix + name, help, labels), read)
    for (const { name, help, read } of levels) this.#define(metrics.gauge(prefix + name, help, labels), read)
    this.#defineLate(metrics.counter(`${prefix}late_contributions_total`, help.late, [...labels, 'outcome']))
    this.#defineRefused(metrics.counter(`${prefix}refused_messages_total`, help.refused, [...labels, 'reason']))
    this.#defineLinks(metrics, prefix, [...labels, 'from_region'])
  }

  clear(): void {
    for (const clear of this.#clear) clear()
  }

  add(at: Labels, partition: Partition): void {
    for (const add of this.#add) add(at, partition)
  }

  #define(series: Counter | Gauge, read: (partition: Partition) => number | undefined): void {
    this.#clear.push(() => series.clear())
    this.#add.push((at, partition) => {
      const value = read(partition)
      // What is not known yet is absent, which a query can tell from zero.
      if (value !== undefined && Number.isFinite(value)) write(series, value, at)
    })
  }

  #defineLate(series: Counter): void {
    this.#clear.push(() => series.clear())
    this.#add.push((at, { progress }) => {
      if (!progress?.sync) return
      series.add(progress.sync.lateCarried, { ...at, outcome: 'carried' })
      series.add(progress.sync.lateDropped, { ...at, outcome: 'dropped' })
    })
  }

  #defineRefused(series: Counter): void {
    this.#clear.push(() => series.clear())
    this.#add.push((at, { progress }) => {
      for (const [reason, times] of Object.entries(progress?.sync?.refused ?? {})) series.add(times, { ...at, reason })
    })
  }

  #defineLinks(metrics: Metrics, prefix: string, labels: readonly string[]): void {
    const rate = metrics.gauge(`${prefix}link_bytes_per_second`, help.rate, labels)
    const roundTrip = metrics.gauge(`${prefix}link_round_trip_seconds`, help.roundTrip, labels)
    this.#clear.push(() => {
      rate.clear()
      roundTrip.clear()
    })
    this.#add.push((at, { progress }) => {
      for (const { fromRegion, mbitPerSecond, roundTripMs } of progress?.sync?.links ?? []) {
        const link = { ...at, from_region: fromRegion }
        if (mbitPerSecond > 0) rate.set((mbitPerSecond * 1e6) / 8, link)
        roundTrip.set(roundTripMs / 1_000, link)
      }
    })
  }
}

type Counter = ReturnType<Metrics['counter']>
type Gauge = ReturnType<Metrics['gauge']>

function write(series: Counter | Gauge, value: number, at: Labels): void {
  if ('add' in series) series.add(value, at)
  else series.set(value, at)
}

type Definition = {
  readonly name: string
  readonly help: string
  readonly read: (partition: Partition) => number | undefined
}

const counts: readonly Definition[] = [
  { name: 'rounds_total', help: 'Inter-region rounds.', read: ({ progress }) => progress?.rounds },
  {
    name: 'incomplete_rounds_total',
    help: 'Rounds in which some region of the job took no part.',
    read: ({ rounds }) => rounds?.incompleteRounds,
  },
  {
    name: 'wan_sent_bytes_total',
    help: 'Payload bytes sent to other regions.',
    read: ({ progress }) => progress?.wanBytesSent,
  },
  {
    name: 'wan_received_bytes_total',
    help: 'Payload bytes received in rounds.',
    read: ({ rounds }) => rounds?.bytesReceived,
  },
  {
    name: 'round_seconds_total',
    help: 'Seconds from a round’s start to its end.',
    read: ({ rounds }) => rounds?.exchangeSeconds,
  },
  {
    name: 'stall_seconds_total',
    help: 'Seconds in which workers waited for other regions.',
    read: ({ rounds }) => rounds?.stallSeconds,
  },
  { name: 'steps_total', help: 'Local optimiser steps.', read: ({ progress }) => progress?.steps },
  { name: 'samples_total', help: 'Samples used.', read: ({ progress }) => progress?.samplesDone },
]

const levels: readonly Definition[] = [
  { name: 'workers', help: 'Workers that are members now.', read: ({ progress }) => progress?.workers },
  { name: 'loss', help: 'Moving average of the training loss.', read: ({ progress }) => progress?.loss },
  {
    name: 'samples_per_second',
    help: 'Samples used per second, a moving average.',
    read: ({ progress }) => progress?.samplesPerSecond,
  },
  {
    name: 'progress_ratio',
    help: 'Share of the samples of all epochs that is used, 0 to 1.',
    read: ({ progress }) =>
      progress !== null && progress.samplesTotal > 0 ? progress.samplesDone / progress.samplesTotal : undefined,
  },
  {
    name: 'sync_interval_steps',
    help: 'Local steps between two rounds, as planned now.',
    read: ({ progress }) => progress?.sync?.interval,
  },
  {
    name: 'sync_plan_version',
    help: 'Rises with every change of how the region synchronises.',
    read: ({ progress }) => progress?.sync?.planVersion,
  },
  {
    name: 'stall_ratio',
    help: 'Share of the time since training began that steps waited for other regions, 0 to 1.',
    read: ({ progress }) => progress?.sync?.stallShare,
  },
  {
    name: 'staleness_steps',
    help: 'Local steps between sending and applying, in the newest round.',
    read: ({ rounds }) => rounds?.last.stalenessSteps,
  },
  {
    name: 'codec_error_ratio',
    help: 'What the codec lost of what was sent, relative, in the newest round.',
    read: ({ rounds }) => rounds?.last.codecError,
  },
  {
    name: 'excluded_data_ratio',
    help: 'Share of the job’s data in regions that took no part in the newest round, 0 to 1.',
    read: ({ rounds }) => rounds?.last.excludedDataShare,
  },
]

const help = {
  late: 'Contributions that came after their round had closed.',
  refused: 'Messages of other regions that were refused.',
  rate: 'Measured rate of the link into this region.',
  roundTrip: 'Measured round trip of the link into this region.',
} as const
