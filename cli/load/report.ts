// What a load came to, as plain data: what `--json` prints and the table and the page show.
import type { Target } from '../invoke/endpoint.ts'
import type { Bucket } from './latency-histogram.ts'
import type { LoadResult, LoadSecond } from './run-load.ts'

export type LoadReport = {
  readonly target: Pick<Target, 'kind' | 'name' | 'region' | 'address'>
  readonly seconds: number
  readonly due: number
  readonly answered: number
  readonly refused: number
  readonly failed: number
  /** Too many were under way. */
  readonly unsent: number
  readonly answeredPerSecond: number
  readonly latencyMs: Readonly<Record<'mean' | 'p50' | 'p90' | 'p95' | 'p99' | 'p99_9' | 'max', number>>
  /** How late requests were sent: above a few milliseconds this machine, not the server, was the limit. */
  readonly sendDelayMs: Readonly<Record<'p99' | 'max', number>>
  readonly slo: null | {
    readonly latencyMs: number
    readonly percentile: number
    /** Answered, but later. */
    readonly late: number
    /** Late, refused, failed or never sent, of all that were due. */
    readonly missedShare: number
    readonly isMet: boolean
  }
  readonly outcomes: readonly { readonly outcome: string; readonly count: number }[]
  readonly histogram: readonly Bucket[]
  readonly perSecond: readonly LoadSecond[]
}

export function loadReport(target: Target, result: LoadResult): LoadReport {
  const { due, answered, refused, failed, unsent, seconds, latencies, sendDelays, late } = result
  const at = (percent: number): number => latencies.percentile(percent)
  const { kind, name, region, address, sloMs, percentile } = target
  const missedShare = due === 0 ? 0 : result.missedShare
  return {
    target: { kind, name, region, address },
    seconds,
    due,
    answered,
    refused,
    failed,
    unsent,
    answeredPerSecond: seconds === 0 ? 0 : answered / seconds,
    latencyMs: {
      mean: latencies.meanMs,
      p50: at(50),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      p99_9: at(99.9),
      max: latencies.maxMs,
    },
    sendDelayMs: { p99: sendDelays.percentile(99), max: sendDelays.maxMs },
    slo:
      sloMs === null
        ? null
        : { latencyMs: sloMs, percentile, late, missedShare, isMet: missedShare <= 1 - percentile / 100 },
    outcomes: [...result.byOutcome]
      .map(([outcome, count]) => ({ outcome, count }))
      .toSorted((a, b) => b.count - a.count || (a.outcome < b.outcome ? -1 : 1)),
    histogram: latencies.buckets(10),
    perSecond: result.perSecond,
  }
}
