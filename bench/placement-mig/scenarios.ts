// ParvaGPU's scenarios: per model a rate, half of a latency objective, and what an A100's slices gave with each batch and number of
// processes. The tables hold the throughput of one process; a segment has that of all. None of them comes with Cloudless.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { SegmentDemand, SegmentOption } from '#physical-plane/gpu-sharing/placement/mig/plan-segments.ts'
import type { SliceSize } from '#physical-plane/gpu-sharing/placement/mig/slots.ts'

type Row = Readonly<Record<string, string>>
export type Scenario = { readonly name: string; readonly demands: readonly SegmentDemand[] }

export const files = ['parvagpu_a100_mig.csv', 'parvagpu_SLO_latency.csv', 'parvagpu_SLO_req_rate.csv'] as const

export function readScenarios(folder: string, processesMax: number): readonly Scenario[] {
  const [profiles, latencies, rates] = files.map((file) => rowsOf(join(folder, file)))
  const optionsOf = (model: string): readonly SegmentOption[] =>
    profiles!
      .filter((row) => row['model'] === model && !isDistrusted(row))
      .map(optionOf)
      .filter(({ ratePerSecond, processes }) => ratePerSecond > 0 && processes <= processesMax)
  return latencies!.map((row, at) => {
    const models = Object.keys(row).filter((key) => key !== 'scenario' && row[key] !== 'N/A')
    const demands = models.map((model) => ({
      model,
      ratePerSecond: Number(rates![at]![model]),
      latencyMaxMs: Number(row[model]) / 2,
      options: optionsOf(model),
    }))
    return { name: row['scenario']!.toLowerCase(), demands }
  })
}

function optionOf(row: Row): SegmentOption {
  const processes = Number(row['procs'])
  return {
    size: Number(row['mig_gpcs']) as SliceSize,
    batch: Number(row['batch']),
    processes,
    ratePerSecond: Number(row['throughput_per_proc_rps']) * processes,
    latencyMs: 1_000 * Number(row['latency_s']),
  }
}

/** It repeats another row to the last digit. */
function isDistrusted(row: Row): boolean {
  return row['model'] === 'inceptionv3' && row['mig_gpcs'] === '2' && row['batch'] === '8' && row['procs'] === '5'
}

function rowsOf(file: string): readonly Row[] {
  return parse(readFileSync(file, 'utf8'), { columns: true, skip_empty_lines: true })
}
