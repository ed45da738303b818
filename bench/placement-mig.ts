// How many GPUs the scenarios of ParvaGPU (SC'24) need: models with rates and latency objectives on A100s cut into MIG slices.
//   gpus_sN           GPUs used; published_sN: ParvaGPU's own plan; bound_sN: what no plan can go below, were GPUs cut at will
//   gpcs_sN           slots used of 7 a GPU
//   violations        rates not reached, latencies above half the objective, more than 3 processes, slices that overlap or begin
//                     where they may not: counted anew from the plans
//   exact, plan_ms    whether the number is proved to be the least; time for the three plans
// Half of an objective is left for the batch to fill. Needs ParvaGPU's tables: looked for beside the repository, or in the folder
// CLOUDLESS_PROFILES.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  planSegments,
  type Segment,
  type SegmentDemand,
} from '#physical-plane/gpu-sharing/placement/mig/plan-segments.ts'
import { assert } from '#runtime/assert.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { files, readScenarios } from './placement-mig/scenarios.ts'

const published: Readonly<Record<string, number>> = { s1: 2, s2: 3, s3: 5 }
const gpusMax = 16
const slots = 7
const processesMax = 3

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../shared/data/profiles')
  if (!files.every((file) => existsSync(join(folder, file)))) {
    note(`no tables in ${folder}: set CLOUDLESS_PROFILES to a folder with ${files.join(', ')}`)
    return { skipped: true }
  }
  const result: Record<string, number | boolean> = { violations: 0, exact: true, plan_ms: 0 }
  for (const { name, demands } of readScenarios(folder, processesMax)) {
    const beganAtMs = clock.monotonicMs()
    const plan = planSegments(demands, gpusMax)
    result['plan_ms'] = Number(result['plan_ms']) + clock.monotonicMs() - beganAtMs
    assert(plan.kind === 'planned', plan.kind === 'planned' ? '' : plan.because)
    result[`gpus_${name}`] = plan.gpus.length
    result[`published_${name}`] = published[name]!
    result[`bound_${name}`] = bound(demands)
    result[`gpcs_${name}`] = plan.gpus.flat().reduce((sum, { option }) => sum + option.size, 0)
    result['violations'] = Number(result['violations']) + violations(demands, plan.gpus)
    result['exact'] = result['exact'] === true && plan.isExact
    for (const [gpu, segments] of plan.gpus.entries()) note(`${name} GPU ${gpu}: ${segments.map(told).join(', ')}`)
  }
  return result
}

function told({ model, start, option }: Segment): string {
  return `${model} ${option.size}@${start} batch ${option.batch} x ${option.processes}`
}

/** Of GPUs that can be cut at will: each model at its best rate per slot. */
function bound(demands: readonly SegmentDemand[]): number {
  const least = demands.map(({ ratePerSecond, latencyMaxMs, options }) => {
    const rates = options.flatMap((one) => (one.latencyMs <= latencyMaxMs ? [one.ratePerSecond / one.size] : []))
    return ratePerSecond / Math.max(...rates)
  })
  return least.reduce((sum, need) => sum + need, 0) / slots
}

function violations(demands: readonly SegmentDemand[], gpus: readonly (readonly Segment[])[]): number {
  let count = 0
  for (const { model, ratePerSecond, latencyMaxMs, options } of demands) {
    const own = gpus.flat().filter((segment) => segment.model === model)
    const rate = own.reduce((sum, { option }) => sum + option.ratePerSecond, 0)
    if (rate < ratePerSecond) count += 1
    for (const { option } of own)
      if (option.latencyMs > latencyMaxMs || option.processes > processesMax || !options.includes(option)) count += 1
  }
  for (const segments of gpus) count += slotViolations(segments)
  return count
}

function slotViolations(segments: readonly Segment[]): number {
  const mayBegin: Readonly<Record<number, readonly number[]>> = {
    1: [0, 1, 2, 3, 4, 5, 6],
    2: [0, 2, 4],
    3: [0, 4],
    4: [0],
    7: [0],
  }
  const closed = segments.flatMap(({ start, option: { size } }) =>
    Array.from({ length: size === 3 && start === 0 ? 4 : size }, (_, at) => start + at),
  )
  const wrongStarts = segments.filter(({ start, option }) => !mayBegin[option.size]!.includes(start)).length
  return wrongStarts + closed.length - new Set(closed.filter((slot) => slot < slots)).size
}
