// Recorded surfaces of real devices, as searches and exhaustive searches read them. None of them comes with Cloudless.
//   V100: 67 vision models, batch x multiprocessors x time quota, 800 points each (RaPP)
//   A100: 11 models, MIG slice x batch x processes, 225 points each, of which some did not fit (ParvaGPU)
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import type { Grid } from '#physical-plane/gpu-sharing/profiler/grid.ts'
import { surfaceOf, type Surface, type SurfacePoint } from '#physical-plane/gpu-sharing/profiler/surface.ts'

export type Recorded = {
  readonly device: 'v100' | 'a100'
  readonly model: string
  readonly grid: Grid
  readonly surface: Surface
}

type Row = Readonly<Record<string, string>>

const migSlices = 7
/** It repeats another row to the last digit. */
const isDistrusted = (row: Row): boolean =>
  row['model'] === 'inceptionv3' && row['mig_gpcs'] === '2' && row['batch'] === '8' && row['procs'] === '5'

/** Models with a whole grid only, so that the exhaustive answer is known. */
export function v100Surfaces(file: string): readonly Recorded[] {
  const pointOf = (row: Row): SurfacePoint => {
    const batch = Number(row['batch'])
    const latencyMs = Number(row['latency_ms'])
    return {
      smMilli: 10 * Number(row['sm_pct']),
      quotaMilli: 10 * Number(row['quota_pct']),
      batch,
      processes: 1,
      latencyMs,
      throughputPerSecond: (1000 * batch) / latencyMs,
    }
  }
  return [...byModel(file)].flatMap(([model, rows]) => {
    const surface = surfaceOf(rows.map(pointOf))
    const { smMilli, quotaMilli, batch } = surface.levels
    const isWhole = rows.length === smMilli.length * quotaMilli.length * batch.length && rows.length === 800
    return isWhole ? [{ device: 'v100', model, grid: surface.levels, surface } as const] : []
  })
}

export function a100Surfaces(file: string): readonly Recorded[] {
  const pointOf = (row: Row): SurfacePoint => ({
    smMilli: Math.round((1000 * Number(row['mig_gpcs'])) / migSlices),
    quotaMilli: 1000,
    batch: Number(row['batch']),
    processes: Number(row['procs']),
    latencyMs: 1000 * Number(row['latency_s']),
    throughputPerSecond: Number(row['throughput_per_proc_rps']) * Number(row['procs']),
  })
  return [...byModel(file)].map(([model, rows]) => {
    // Where nothing fitted the tables say 0.
    const ran = rows.filter((row) => Number(row['throughput_per_proc_rps']) > 0 && !isDistrusted(row))
    const surface = surfaceOf(ran.map(pointOf))
    return { device: 'a100', model, grid: surface.levels, surface } as const
  })
}

function byModel(file: string): Map<string, Row[]> {
  const rows = parse(readFileSync(file), { columns: true }) as Row[]
  return Map.groupBy(rows, (row) => row['model']!)
}
