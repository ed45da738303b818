// Latency surfaces of RaPP's models on a V100: all 800 points are how long batches really take, 30 a batch (15 % of the grid) what
// was profiled and what policies may know.
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { rememberedLatency } from '#physical-plane/serving/replay/remembered-latency.ts'
import type { LatencyModel } from '#physical-plane/serving/scaling/autoscaler.ts'
import { latencyModelOf, type ProfiledLatency } from '#physical-plane/serving/scaling/predict-latency.ts'
import { assert } from '#runtime/assert.ts'

export type ServedModel = { readonly truth: LatencyModel; readonly known: LatencyModel }

export const deviceModel = 'nvidia-v100'

const profiledSms = [50, 100, 300, 600, 1_000]
const profiledQuotas = [100, 200, 300, 400, 600, 1_000]

type Row = Readonly<Record<string, string>>

export function servedModels(file: string, names: readonly string[]): ReadonlyMap<string, ServedModel> {
  const rows = parse(readFileSync(file), { columns: true }) as Row[]
  const byName = Map.groupBy(
    rows.filter((row) => names.includes(row['model']!)),
    (row) => row['model']!,
  )
  return new Map(
    names.map((name) => {
      const points = (byName.get(name) ?? []).map(pointOf)
      assert(points.length > 0, `${file} has no model ${name}`)
      const profiled = points.filter(
        ({ smMilli, quotaMilli }) => profiledSms.includes(smMilli) && profiledQuotas.includes(quotaMilli),
      )
      return [
        name,
        { truth: rememberedLatency(latencyModelOf(points)), known: rememberedLatency(latencyModelOf(profiled)) },
      ]
    }),
  )
}

function pointOf(row: Row): ProfiledLatency {
  return {
    deviceModel,
    batch: Number(row['batch']),
    smMilli: 10 * Number(row['sm_pct']),
    quotaMilli: 10 * Number(row['quota_pct']),
    latencyMs: Number(row['latency_ms']),
  }
}
