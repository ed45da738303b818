// Autoscaling policies beside each other on virtual time: recorded arrivals, recorded latency surfaces of a V100, an objective of
// 150 ms at the 99th percentile, starts of 10 s. Policies know 15 % of each surface; how long batches take comes from all of it.
//   TRACE_POLICY_violations      percent of requests over the objective or refused
//   TRACE_POLICY_gpu_seconds     shares of a GPU (multiprocessors times time, guaranteed or used where that is more) times seconds
//   TRACE_POLICY_cold_starts, _p99_ms, _wholesgpu_seconds
//   TRACE_POLICY_over_150, _300, _600   percent, on HAS-GPU's loads, and _mean_share: GPUs on average
//   hybrid_dominated             traces in which another policy misses no more and costs no more than our default
//   train_hybrid_dominated       the same on the seeds, hours and days that its constants were chosen on (`--train` shows those)
// `--seed=5001` draws other arrivals at the same rates.
// Policies that choose no shapes have 30 % of the multiprocessors half of the time, as FaST-GShare's pods for ResNet; "kserve" is
// Knative's on whole GPUs, and as in Knative's activator nobody is refused for being late with either; "fixed" has as many as its busiest second in a hundred needs, which nobody knows before.
// Needs recorded data: it is looked for beside the repository, or in the folder CLOUDLESS_DATA.
import { join } from 'node:path'
import type { Shape } from '#physical-plane/serving/scaling/autoscaler.ts'
import { autoscalerOf, type AutoscalerName } from '#physical-plane/serving/scaling/policies.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { compare, isDominated, type Compared, type Contender } from './autoscale/compare.ts'
import { servedModels } from './autoscale/surfaces.ts'
import { neededFiles, tracedModels, traces, type Part } from './autoscale/traces.ts'
import type { World } from './autoscale/worlds.ts'

export const takesArguments = true

const whole: Shape = { smMilli: 0, requestMilli: 1_000, limitMilli: 1_000 }

export async function run({ args, note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_DATA'] ?? join(import.meta.dirname, '../../shared/data')
  const missing = neededFiles(folder)
  if (missing.length > 0) {
    note(`no ${missing.join(', ')} in ${folder}: set CLOUDLESS_DATA to a folder that has them`)
    return { skipped: true }
  }
  const models = servedModels(join(folder, 'profiles/rapp_v100_latency.csv'), tracedModels)
  const result: Record<string, number> = {}
  const only = args.filter((argument) => !argument.startsWith('--'))
  const seed = args.find((argument) => argument.startsWith('--seed='))?.slice('--seed='.length)
  const parts: readonly Part[] = args.includes('--train') ? ['train'] : ['train', 'test']
  for (const part of parts) {
    let dominated = 0
    const isTold = part === parts.at(-1)
    for (const trace of traces(folder, part, seed === undefined ? undefined : Number(seed))) {
      if (only.length > 0 && !only.some((name) => trace.name.startsWith(name))) continue
      const compared = new Map(contenders().map((one) => [one.name, compare(trace, one, models)] as const))
      for (const [name, one] of compared) {
        if (isTold) Object.assign(result, told(`${trace.name}_${name}`, one, trace.lengthMs))
        note(lineOf(trace.name, name, one))
      }
      const { hybrid, ...others } = Object.fromEntries(compared)
      if (hybrid !== undefined && isDominated(hybrid, Object.values(others))) {
        dominated += 1
        note(`${part} ${trace.name}: hybrid is dominated`)
      }
    }
    result[part === 'train' ? 'train_hybrid_dominated' : 'hybrid_dominated'] = dominated
  }
  return result
}

function contenders(): readonly Contender[] {
  const named = (name: AutoscalerName, shapeIn: (world: World) => Shape, called: string = name): Contender => ({
    name: called.replaceAll('-', '_'),
    autoscaler: autoscalerOf(name),
    shapeIn,
    instancesMin: (_load, _served, world) => world.instancesMin,
  })
  const share = (world: World): Shape => world.share
  const fixed: Contender = {
    ...named('fixed', share),
    instancesMin: ({ peakPerSecond }, { known, sloMs }, world) => {
      // Batches that take half of the objective, as its instances wait for one and then take part in the next.
      const rates = Array.from({ length: world.batchMax }, (_, i) => {
        const ms = known(world.deviceModel, i + 1, world.share) ?? Number.POSITIVE_INFINITY
        return ms <= sloMs / 2 ? ((i + 1) * 1_000) / ms : 0
      })
      return Math.max(1, Math.ceil(peakPerSecond / Math.max(...rates)))
    },
  }
  return [
    fixed,
    named('knative', () => whole, 'kserve'),
    named('knative', share),
    named('dilu', share),
    named('has-gpu', share),
    named('fast-gshare', share),
    named('hybrid', share),
  ]
}

function told(prefix: string, one: Compared, lengthMs: number): Record<string, number> {
  const figures: Record<string, number> = {
    [`${prefix}_violations`]: one.violations,
    [`${prefix}_gpu_seconds`]: one.gpuSeconds,
    [`${prefix}_cold_starts`]: one.coldStarts,
    [`${prefix}_p99_ms`]: one.p99Ms,
    [`${prefix}_wholesgpu_seconds`]: one.wholeGpuSeconds,
  }
  if (!prefix.startsWith('has_')) return figures
  const [over150, over300, over600] = one.over
  return {
    ...figures,
    [`${prefix}_over_150`]: over150!,
    [`${prefix}_over_300`]: over300!,
    [`${prefix}_over_600`]: over600!,
    [`${prefix}_mean_share`]: (1_000 * one.gpuSeconds) / lengthMs,
  }
}

function lineOf(trace: string, policy: string, one: Compared): string {
  const violations = `${one.violations.toFixed(2)} %`.padStart(8)
  const gpuSeconds = one.gpuSeconds.toFixed(0).padStart(6)
  const wholes = one.wholeGpuSeconds.toFixed(0).padStart(6)
  return `${trace.padEnd(30)} ${policy.padEnd(12)} ${violations} missed ${gpuSeconds} GPU-s ${wholes} of whole GPUs ${String(one.coldStarts).padStart(4)} starts, p99 ${one.p99Ms.toFixed(0)} ms`
}
