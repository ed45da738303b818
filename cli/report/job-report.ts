// What a job's history comes to: figures, curves, who took part when, and a verdict that never calls a run on part of the
// data a success without saying so. Pure: history in, values out; text, page and JSON show the same values.
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import { idleMsUntil, startOf } from '../job-time.ts'
import { enumWord } from '../json.ts'
import type { Fact } from '../render/facts.ts'
import { planFacts } from '../render/plan-in-force.ts'
import { lossCurves, metricCharts, wanCurves, type Curve, type MetricChart } from './curves.ts'
import { listHappenings, type Happening } from './happenings.ts'
import { withoutPauses, type JobHistory } from './job-history.ts'
import { regionReports, type RegionReport } from './regions.ts'
import { timelineOf, type TimelineRow } from './timeline.ts'
import { judge, type Verdict } from './verdict.ts'

export type JobReport = {
  readonly jobId: string
  readonly name: string
  readonly strategy: string
  /** "succeeded", "running", ... */
  readonly state: string
  readonly reason: string
  readonly verdict: Verdict
  readonly startedAtMs: number
  /** From the start to the end, or to now, without the time before a resumption. */
  readonly seconds: number
  readonly resumptions: number
  /** Between an end and the resumption after it; no time of the job's, so no point below is in it. */
  readonly idleSeconds: number
  readonly fraction: number
  readonly loss: number
  readonly evaluation: Readonly<Record<string, number>>
  readonly rounds: number
  readonly wanBytes: number
  readonly stallSeconds: number
  /** Of the workers' time, weighted by region alike. */
  readonly stallShare: number
  readonly regions: readonly RegionReport[]
  /** Points are [seconds since the start, value]. */
  readonly lossCurves: readonly Curve[]
  readonly metricCharts: readonly MetricChart[]
  readonly wanCurves: readonly Curve[]
  readonly timeline: readonly TimelineRow[]
  readonly happenings: readonly Happening[]
  /** The plan in force, or the last one, in words; empty without one. */
  readonly plan: readonly Fact[]
  readonly cost: CostReport__Output
}

export function jobReport(told: JobHistory): JobReport {
  const history = withoutPauses(told)
  const { job, cost, rounds, evaluations, readAtMs } = history
  const { progress } = job
  const startedAtMs = startOf(job)
  const endMs = Math.max(startedAtMs, job.endedAtMs > 0 ? job.endedAtMs : readAtMs)
  const regions = regionReports(history)
  return {
    jobId: job.id,
    name: job.spec?.name ?? '',
    strategy: job.spec?.sync?.strategy ?? '',
    state: enumWord(job.state),
    reason: job.reason,
    verdict: judge(history, regions),
    startedAtMs,
    seconds: (endMs - startedAtMs) / 1000,
    resumptions: job.resumptions,
    idleSeconds: idleMsUntil(job, Infinity) / 1000,
    fraction: progress?.fraction ?? 0,
    loss: progress?.loss ?? Number.NaN,
    evaluation: progress?.evaluation ?? {},
    rounds: progress?.rounds ?? 0,
    wanBytes: progress?.wanBytes ?? 0,
    stallSeconds: sum(regions.map(({ stallSeconds }) => stallSeconds)),
    stallShare: mean(regions.flatMap(({ stallShare }) => stallShare ?? [])),
    regions,
    lossCurves: lossCurves(rounds, startedAtMs),
    metricCharts: metricCharts(evaluations, startedAtMs),
    wanCurves: wanCurves(rounds, startedAtMs),
    timeline: timelineOf(
      rounds,
      regions.map(({ region }) => region),
      startedAtMs,
      endMs,
    ),
    happenings: listHappenings(history, startedAtMs),
    plan: planFacts({ ...told.job, costUsd: cost.totalUsd }),
    cost,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length
}
