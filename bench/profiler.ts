// How well a profile is searched for, on recorded surfaces of real devices (bench/profiler/surfaces.ts), against trying everything.
// A question is a model with an SLO (so many times its latency alone on the GPU) and either "the most throughput per share" or "the
// least share that carries this rate". Every question starts from nothing.
//   probes_share      of the grid's points that a search tried, the most of any question; probes_mean the mean
//   regret_p50, _p90  how much worse its answer is than the exhaustive one, the worst of the four sets of questions: efficacy
//                     lost, or share paid too much; one that finds nothing where there is something counts as infinite
//   …_even, …_odd     models in even places, on which the constants were chosen, and the others
//   dilu_…, grid_…    Dilu's growth search (of one process: it has no such axis) and FaST-GShare's uniform grid, as published
//   plane_…           the V100's without its time quota: 80 points, on each of which Dilu's search may go too
//   training_…        limits of training, 8 samples a step: how often the binary search answers the least share that keeps 98 %,
//                     how much more it answers where the surface is not monotone, in GPUs, and the probes that it makes
// Needs the tables of RaPP and ParvaGPU: they are looked for beside the repository, or in the folder CLOUDLESS_PROFILES.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { limitKeeps } from '#physical-plane/gpu-sharing/profiler/config.ts'
import type { Goal } from '#physical-plane/gpu-sharing/profiler/goal.ts'
import { configurationsOf, type Grid } from '#physical-plane/gpu-sharing/profiler/grid.ts'
import { searchInference } from '#physical-plane/gpu-sharing/profiler/inference-search.ts'
import { Probes } from '#physical-plane/gpu-sharing/profiler/probes.ts'
import { searchTraining } from '#physical-plane/gpu-sharing/profiler/training-search.ts'
import { assert } from '#runtime/assert.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { diluGrowth, exhaustive, uniformGrid, type Outcome } from './profiler/published.ts'
import { a100Surfaces, v100Surfaces, type Recorded } from './profiler/surfaces.ts'

const sloFactors = [1.2, 1.5, 2, 3, 5, 10]
const rateShares = [0.1, 0.3, 0.6, 0.9]

type Asked = {
  readonly set: string
  readonly isEven: boolean
  readonly regret: number
  readonly share: number
  readonly isMissed: boolean
}

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../shared/data/profiles')
  const [v100File, a100File] = ['rapp_v100_latency.csv', 'parvagpu_a100_mig.csv'].map((name) => join(folder, name))
  if (!existsSync(v100File!) || !existsSync(a100File!)) {
    note(
      `no surfaces in ${folder}: set CLOUDLESS_PROFILES to a folder with rapp_v100_latency.csv and parvagpu_a100_mig.csv`,
    )
    return { skipped: true }
  }
  const v100 = v100Surfaces(v100File!)
  const a100 = a100Surfaces(a100File!)
  const ours: Asked[] = []
  const dilu: Asked[] = []
  const grid: Asked[] = []
  for (const recorded of [v100, a100]) {
    for (const [index, one] of recorded.entries()) {
      if (index % 10 === 0) note(`${one.device}: model ${index + 1} of ${recorded.length}`)
      for (const goal of goalsOn(one, one.grid)) {
        const about = { set: `${one.device}_${setOf(goal)}`, isEven: index % 2 === 0 }
        const best = exhaustive(one.surface, one.grid, goal)
        ours.push(judged(about, goal, best, await ask(one, one.grid, goal)))
        // Dilu's knows no time quota: on the V100 it is asked in the plane without.
        if (one.device === 'a100' && goal.ratePerSecond === undefined)
          dilu.push(judged(about, goal, best, diluGrowth(one.surface, one.grid, goal)))
        if (one.device === 'v100') grid.push(judged(about, goal, best, uniformGrid(one.surface, one.grid, goal)))
      }
    }
  }
  return {
    ...worst(ours),
    ...bySet(ours),
    ...prefixed('dilu', bySet(dilu)),
    ...prefixed('grid', bySet(grid)),
    ...(await plane(v100)),
    ...(await training(v100)),
    models: v100.length + a100.length,
    questions: ours.length,
  }
}

function setOf(goal: Goal): string {
  return goal.ratePerSecond === undefined ? 'star' : 'rate'
}

function goalsOn({ surface }: Recorded, grid: Grid): readonly Goal[] {
  const alone = surface.at({ smMilli: 1000, quotaMilli: 1000, batch: grid.batch[0]!, processes: 1 })
  assert(alone !== null, 'a recorded model ran on the whole GPU')
  const all = configurationsOf(grid).flatMap((configuration) => surface.at(configuration) ?? [])
  return sloFactors.flatMap((factor): readonly Goal[] => {
    const sloLatencyMs = factor * alone.latencyMs
    const most = Math.max(...all.map((one) => (one.latencyMs <= sloLatencyMs ? one.throughputPerSecond : 0)))
    return [{ sloLatencyMs }, ...rateShares.map((share) => ({ sloLatencyMs, ratePerSecond: share * most }))]
  })
}

async function ask({ surface }: Recorded, grid: Grid, goal: Goal): Promise<Outcome> {
  const probes = new Probes({ measure: surface.measure })
  const answer = await searchInference({ probes, grid, goal })
  return { value: answer.kind === 'found' ? answer.value : 0, probes: probes.made }
}

function judged(about: Pick<Asked, 'set' | 'isEven'>, goal: Goal, best: Outcome, found: Outcome): Asked {
  const isMissed = found.value === 0
  const lost = goal.ratePerSecond === undefined ? 1 - found.value / best.value : best.value / found.value - 1
  return { ...about, isMissed, regret: isMissed ? Number.POSITIVE_INFINITY : lost, share: found.probes / best.probes }
}

function worst(asked: readonly Asked[]): Record<string, number> {
  const sets = [...Map.groupBy(asked, ({ set }) => set).values()]
  const halves = (isEven: boolean) => sets.map((set) => set.filter((one) => one.isEven === isEven))
  const worstOf = (groups: readonly (readonly Asked[])[], at: number): number =>
    Math.max(
      ...groups.map((group) =>
        quantile(
          group.map(({ regret }) => regret),
          at,
        ),
      ),
    )
  return {
    probes_share: Math.max(...asked.map(({ share }) => share)),
    probes_mean: mean(asked.map(({ share }) => share)),
    regret_p50: worstOf(sets, 0.5),
    regret_p90: worstOf(sets, 0.9),
    regret_p90_even: worstOf(halves(true), 0.9),
    regret_p90_odd: worstOf(halves(false), 0.9),
  }
}

function bySet(asked: readonly Asked[]): Record<string, number> {
  const keys: Record<string, number> = {}
  for (const [set, of] of Map.groupBy(asked, (one) => one.set)) {
    const regrets = of.map(({ regret }) => regret)
    keys[`${set}_regret_p50`] = quantile(regrets, 0.5)
    keys[`${set}_regret_p90`] = quantile(regrets, 0.9)
    keys[`${set}_exact`] = mean(regrets.map((regret) => (regret < 1e-9 ? 1 : 0)))
    keys[`${set}_missed`] = mean(of.map(({ isMissed }) => (isMissed ? 1 : 0)))
    keys[`${set}_probes_mean`] = mean(of.map(({ share }) => share))
  }
  return keys
}

/** Multiprocessors and batch only, all the time: 80 points, so few that the least number of probes counts. */
async function plane(recorded: readonly Recorded[]): Promise<Record<string, number>> {
  const asked: Asked[] = []
  const dilu: Asked[] = []
  for (const [index, one] of recorded.entries()) {
    const grid = { ...one.grid, quotaMilli: [1000] }
    for (const goal of goalsOn(one, grid)) {
      const about = { set: setOf(goal), isEven: index % 2 === 0 }
      const best = exhaustive(one.surface, grid, goal)
      asked.push(judged(about, goal, best, await ask(one, grid, goal)))
      if (goal.ratePerSecond === undefined) dilu.push(judged(about, goal, best, diluGrowth(one.surface, grid, goal)))
    }
  }
  return { ...prefixed('plane', bySet(asked)), ...prefixed('plane_dilu', bySet(dilu)) }
}

async function training(recorded: readonly Recorded[]): Promise<Record<string, number>> {
  const probesMade: number[] = []
  const over: number[] = []
  for (const { surface, grid } of recorded) {
    const probes = new Probes({ measure: surface.measure })
    const batch = grid.batch.at(-1)!
    const found = await searchTraining({ probes, smMilli: grid.smMilli, batch })
    assert(found !== null, 'a recorded model ran on the whole GPU')
    const least = grid.smMilli.find((smMilli) => {
      const at = surface.at({ smMilli, quotaMilli: 1000, batch, processes: 1 })
      return at !== null && at.throughputPerSecond >= limitKeeps * found.fullPerSecond
    })
    over.push((found.limitMilli - least!) / 1000)
    probesMade.push(probes.known.length)
  }
  return {
    training_same: mean(over.map((share) => (share === 0 ? 1 : 0))),
    training_over_p50: quantile(over, 0.5),
    training_over_p90: quantile(over, 0.9),
    training_probes_mean: mean(probesMade),
  }
}

function prefixed(prefix: string, keys: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${prefix}_${key}`, value]))
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
