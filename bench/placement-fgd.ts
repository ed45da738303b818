// How much of a shared cluster's GPUs can be handed out, and how much of the rest is of no use: 1,213 nodes with 6,212 GPUs and
// 8,152 pods of Alibaba's trace, loaded as FGD's authors load it (placement-fgd/workload.ts). Medians over ten draws.
//   alloc_at_N[_POLICY]     GPUs allocated when N % of the capacity has been asked for, in % of the capacity; without a name: of our
//                           default, `placement`
//   frag_idle_at_N[_POLICY] fragmentation, FGD's measure, in % of what is idle
//   alloc_sd_at_100         standard deviation over the draws
//   …_sampled               ours where the expected mix is known from 400 pods drawn at random, not from all of them
//   decision_p50_ms, _p99_ms, _max_ms  to choose a node, ours, over all arrivals of all draws
//   published_*             FGD's own figures
// Ties go to the smallest name of a node, for every policy but chance. Give a number of draws to have fewer than ten.
// The trace is looked for beside the repository, or in the folder CLOUDLESS_TRACES.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { typicalTasks } from '#physical-plane/gpu-sharing/placement/cluster/fragmentation.ts'
import {
  bestFit,
  dotProduct,
  fragmentationGradient,
  gpuClustering,
  gpuPacking,
} from '#physical-plane/gpu-sharing/placement/cluster/published.ts'
import { placementAmongNodes } from '#physical-plane/gpu-sharing/placement/placement.ts'
import { seededRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { replay, type Chooser, type Point, type Replayed } from './placement-fgd/replay.ts'
import { drawLoad, files, readNodes, readPods } from './placement-fgd/workload.ts'

export const takesArguments = true

const drawsMost = 10
const sampledPods = 400
const published = {
  published_alloc_at_100_fgd: 95.23,
  published_alloc_at_100_bestfit: 92.91,
  published_frag_idle_at_90: 49.87,
}

export async function run({ args, clock, note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_TRACES'] ?? join(import.meta.dirname, '../../shared/data/alibaba-gpu-v2023')
  if (!files.every((file) => existsSync(join(folder, file)))) {
    note(`no trace in ${folder}: set CLOUDLESS_TRACES to a folder with ${files.join(' and ')}`)
    return { skipped: true }
  }
  const draws = Math.min(drawsMost, Math.max(1, Number(args[0] ?? drawsMost) || drawsMost))
  const nodes = readNodes(folder)
  const pods = readPods(folder)
  const tasks = typicalTasks(pods)
  const capacity = nodes.reduce((sum, { gpus }) => sum + gpus * 1_000, 0)
  const loads = Array.from({ length: draws }, (_, draw) => drawLoad(pods, capacity, seededRandom(draw + 1)))
  const chance = seededRandom(draws + 1_000)
  const sample = Array.from({ length: sampledPods }, () => pods[chance.integer(pods.length)]!)
  const choosers: Readonly<Record<string, Chooser>> = {
    placement: placementAmongNodes(pods, tasks),
    sampled: placementAmongNodes(sample, typicalTasks(sample)),
    fgd: fragmentationGradient(tasks),
    bestfit: bestFit,
    dotprod: dotProduct,
    packing: gpuPacking,
    clustering: gpuClustering,
    random: 'random',
  }
  const result: Record<string, number> = {}
  for (const [name, chooser] of Object.entries(choosers)) {
    const beganAtMs = clock.monotonicMs()
    const replayed = loads.map((load, draw) =>
      replay(nodes, load, chooser, { tasks, clock, random: seededRandom(1_000 + draw) }),
    )
    Object.assign(result, figuresOf(replayed, name === 'placement' ? '' : `_${name}`))
    if (name === 'placement') Object.assign(result, decisionTimes(replayed))
    note(`${name}: ${draws} draws in ${((clock.monotonicMs() - beganAtMs) / 1_000).toFixed(1)} s`)
  }
  return { ...result, ...published, draws, typical_tasks: tasks.length }
}

function figuresOf(replayed: readonly Replayed[], suffix: string): Record<string, number> {
  const at = (percent: number, of: (point: Point) => number): number[] =>
    replayed.flatMap(({ byPercent }) => {
      const point = byPercent.get(percent)
      return point === undefined ? [] : [of(point)]
    })
  const allocated = (percent: number) => at(percent, (point) => point.allocated)
  const ofIdle = (percent: number) => at(percent, (point) => point.fragmentedOfIdle)
  return {
    [`alloc_at_90${suffix}`]: median(allocated(90)),
    [`alloc_at_100${suffix}`]: median(allocated(100)),
    [`alloc_at_130${suffix}`]: median(allocated(130)),
    [`alloc_sd_at_100${suffix}`]: deviation(allocated(100)),
    [`frag_idle_at_80${suffix}`]: median(ofIdle(80)),
    [`frag_idle_at_90${suffix}`]: median(ofIdle(90)),
  }
}

function decisionTimes(replayed: readonly Replayed[]): Record<string, number> {
  const sorted = replayed.flatMap(({ timesMs }) => timesMs).sort((a, b) => a - b)
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { decision_p50_ms: quantile(0.5), decision_p99_ms: quantile(0.99), decision_max_ms: quantile(1) }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1))
}
