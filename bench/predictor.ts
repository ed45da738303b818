// How well latency is foreseen from a few profiled points (predict-latency.ts), on recorded surfaces of 69 vision models on a V100:
// batch x multiprocessors x time, 800 points each (RaPP). The mean error, in per cent of the true latency, over every point that
// was not profiled; the grids are shares of all points that a user would have to measure.
//   mape_15, mape_10, mape_45   with 5 x 6, 4 x 5 and 3 x 3 points per model and batch (15, 10 and 4.5 % of the grid)
//   median_…, p95_…             of the same errors
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

type Row = Readonly<Record<string, string>>

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
    result[`mape_${share}`] = (100 * errors.reduce((sum, error) => sum + error, 0)) / errors.length
    result[`median_${share}`] = 100 * errors[Math.floor(errors.length / 2)]!
    result[`p95_${share}`] = 100 * errors[Math.floor(0.95 * errors.length)]!
  }
  return {
    ...result,
    rapp_known: 4.46,
    rapp_unseen_configurations: 4.7,
    rapp_unseen_models: 5.29,
    models: models.length,
    points: rows.length,
    answers_per_second: (1_000 * answers) / elapsedMs,
  }
}

function pointOf(row: Row): ProfiledLatency {
  return {
    deviceModel: 'v100',
    batch: Number(row['batch']),
    smMilli: 10 * Number(row['sm_pct']),
    quotaMilli: 10 * Number(row['quota_pct']),
    latencyMs: Number(row['latency_ms']),
  }
}
