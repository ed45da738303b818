// How well latency is foreseen from a few profiled points (predict-latency.ts), on recorded surfaces of 69 vision models on a V100:
// batch x multiprocessors x time, 800 points each (RaPP). The mean error, in per cent of the true latency, over every point that
// was not profiled; the grids are shares of all points that a user would have to measure.
//   mape_15, mape_10, mape_45   with 5 x 6, 4 x 5 and 3 x 3 points per model and batch (15, 10 and 4.5 % of the grid)
//   median_…, p95_…             of the same errors
//   …_by_quota, …_by_period     without any profile of time: what all of it takes, divided by the share of it; and in a window of 40 ms
//   rises_quota, rises_sm       steps to more of the GPU that take more than 5 % longer, by the tables: what is foreseen never does
//   rapp_known, rapp_unseen_*   what RaPP's learned predictor was published with (its split is not: compare loosely)
//   answers_per_second          predictions that were made, none of them before
// Needs the table of RaPP: it is looked for beside the repository, or in the folder CLOUDLESS_PROFILES.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { latencyModelOf, type ProfiledLatency } from '#physical-plane/serving/scaling/predict-latency.ts'
import { assert } from '#runtime/assert.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const grids = {
  15: { sm: [50, 100, 300, 600, 1000], quota: [100, 200, 300, 400, 600, 1000] },
  10: { sm: [50, 200, 500, 1000], quota: [100, 200, 400, 700, 1000] },
  45: { sm: [50, 200, 1000], quota: [100, 400, 1000] },
} as const

/** Of FaST-GShare's token scheduler, in whose windows time is handed out. */
const windowMs = 40

type Row = Readonly<Record<string, string>>
type NamedPoint = ProfiledLatency & { readonly model: string }

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../shared/data/profiles')
  const file = join(folder, 'rapp_v100_latency.csv')
  if (!existsSync(file)) {
    note(`no surfaces in ${folder}: set CLOUDLESS_PROFILES to a folder with rapp_v100_latency.csv`)
    return await Promise.resolve({ skipped: true })
  }
  const rows = parse(readFileSync(file), { columns: true }) as Row[]
  const models = [...Map.groupBy(rows, (row) => row['model']!)].map(([, own]) => own.map(pointOf))
  const result: Record<string, number> = {}
  let answers = 0
  let elapsedMs = 0
  for (const [share, { sm, quota }] of Object.entries(grids)) {
    note(`${sm.length} x ${quota.length} points of ${models.length} models`)
    const errors: number[] = []
    for (const points of models) {
      const isProfiled = (point: ProfiledLatency): boolean =>
        (sm as readonly number[]).includes(point.smMilli) && (quota as readonly number[]).includes(point.quotaMilli)
      const model = latencyModelOf(points.filter(isProfiled))
      const asked = points.filter((point) => !isProfiled(point))
      const beganMs = clock.monotonicMs()
      for (const { deviceModel, batch, smMilli, quotaMilli, latencyMs } of asked) {
        const shape = { smMilli, requestMilli: quotaMilli, limitMilli: quotaMilli }
        const predicted = model(deviceModel, batch, shape)
        assert(predicted !== null, 'every batch was profiled')
        errors.push(Math.abs(predicted - latencyMs) / latencyMs)
      }
      elapsedMs += clock.monotonicMs() - beganMs
      answers += asked.length
    }
    errors.sort((a, b) => a - b)
    result[`mape_${share}`] = mapeOf(errors)
    result[`median_${share}`] = 100 * errors[Math.floor(errors.length / 2)]!
    result[`p95_${share}`] = 100 * errors[Math.floor(0.95 * errors.length)]!
  }
  const rises = { quota: risesIn(models.flat(), 'quotaMilli', 100), sm: risesIn(models.flat(), 'smMilli', 50) }
  return {
    ...result,
    ...withoutProfile(models.flat()),
    rises_quota: rises.quota,
    rises_sm: rises.sm,
    rapp_known: 4.46,
    rapp_unseen_configurations: 4.7,
    rapp_unseen_models: 5.29,
    models: models.length,
    points: rows.length,
    answers_per_second: (1_000 * answers) / elapsedMs,
  }
}

/** What is known without trying parts of the time: how long a batch takes with all of it. */
function withoutProfile(points: readonly NamedPoint[]): Record<string, number> {
  const wholes = new Map(points.flatMap((one) => (one.quotaMilli === 1_000 ? [[placeOf(one), one.latencyMs]] : [])))
  const parts = points.filter(({ quotaMilli }) => quotaMilli < 1_000)
  const errorsOf = (foresee: (wholeMs: number, part: number) => number): readonly number[] =>
    parts
      .flatMap((one) => {
        const whole = wholes.get(placeOf(one))
        return whole === undefined ? [] : [Math.abs(foresee(whole, one.quotaMilli / 1_000) / one.latencyMs - 1)]
      })
      .toSorted((a, b) => a - b)
  const byQuota = errorsOf((wholeMs, part) => wholeMs / part)
  // Runs for its part of each window, then waits for the next.
  const byPeriod = errorsOf((wholeMs, part) => {
    const windows = Math.ceil(wholeMs / (part * windowMs))
    return wholeMs + (windows - 1) * (1 - part) * windowMs
  })
  return {
    mape_by_quota: mapeOf(byQuota),
    median_by_quota: 100 * byQuota[Math.floor(byQuota.length / 2)]!,
    mape_by_period: mapeOf(byPeriod),
    median_by_period: 100 * byPeriod[Math.floor(byPeriod.length / 2)]!,
  }
}

/** In per cent of all steps. */
function risesIn(points: readonly NamedPoint[], along: 'quotaMilli' | 'smMilli', stepMilli: number): number {
  const keyOf = (one: NamedPoint): string => `${placeOf(one)} ${one.quotaMilli}`
  const known = new Map(points.map((one) => [keyOf(one), one.latencyMs]))
  const steps = points.flatMap((one) => {
    const after = known.get(keyOf({ ...one, [along]: one[along] + stepMilli }))
    return after === undefined ? [] : [after / one.latencyMs]
  })
  return (100 * steps.filter((ratio) => ratio > 1.05).length) / steps.length
}

function placeOf({ model, batch, smMilli }: NamedPoint): string {
  return `${model} ${batch} ${smMilli}`
}

function mapeOf(errors: readonly number[]): number {
  return (100 * errors.reduce((sum, error) => sum + error, 0)) / errors.length
}

function pointOf(row: Row): NamedPoint {
  return {
    model: row['model']!,
    deviceModel: 'v100',
    batch: Number(row['batch']),
    smMilli: 10 * Number(row['sm_pct']),
    quotaMilli: 10 * Number(row['quota_pct']),
    latencyMs: Number(row['latency_ms']),
  }
}
