// Searches that others published, as they published them, on the same surfaces: Dilu's hybrid growth search, with its tolerance in
// absolute numbers, and FaST-GShare's uniform grid of 7 x 5 shares, here for every batch.
import { valueOf, type Goal } from '#physical-plane/gpu-sharing/profiler/goal.ts'
import { configurationsOf, type Grid } from '#physical-plane/gpu-sharing/profiler/grid.ts'
import type { Configuration } from '#physical-plane/gpu-sharing/profiler/measure.ts'
import type { Surface } from '#physical-plane/gpu-sharing/profiler/surface.ts'

export type Outcome = { readonly value: number; readonly probes: number }

const diluStepMilli = 100
const diluTolerance = 0.2
const fastShares = [50, 100, 250, 500, 600, 800, 1000]
const fastQuotas = [200, 400, 600, 800, 1000]

export function diluGrowth(surface: Surface, grid: Grid, goal: Goal): Outcome {
  const shares = grid.smMilli.every((share) => share % 50 === 0)
    ? grid.smMilli.filter((share) => share % diluStepMilli === 0)
    : grid.smMilli
  let probes = 0
  let best = 0
  const probe = (sm: number, size: number) => {
    probes += 1
    const configuration = { smMilli: shares[sm]!, quotaMilli: 1000, batch: grid.batch[size]!, processes: 1 }
    const found = surface.at(configuration)
    const meets = found !== null && found.latencyMs <= goal.sloLatencyMs
    // Throughput per per cent of the multiprocessors, as the published tolerance has it.
    const efficacy = meets ? (found.throughputPerSecond / shares[sm]!) * 10 : 0
    return { meets, efficacy, value: valueOf(goal, configuration, found) }
  }
  let sm = 0
  let found = probe(sm, 0)
  while (!found.meets && sm + 1 < shares.length) found = probe(++sm, 0)
  if (!found.meets) return { value: 0, probes }
  let last = found.efficacy
  best = found.value
  for (let size = 1; size < grid.batch.length;) {
    found = probe(sm, size)
    if (!found.meets) {
      if (sm + 1 >= shares.length) break
      found = probe(++sm, size)
      if (!found.meets || found.efficacy < last - diluTolerance) break
    }
    best = found.value
    last = found.efficacy
    size += 1
  }
  return { value: best, probes }
}

export function uniformGrid(surface: Surface, grid: Grid, goal: Goal): Outcome {
  const tried = configurationsOf({ ...grid, smMilli: fastShares, quotaMilli: fastQuotas })
  return { value: bestValue(surface, tried, goal), probes: tried.length }
}

export function exhaustive(surface: Surface, grid: Grid, goal: Goal): Outcome {
  const tried = configurationsOf(grid)
  return { value: bestValue(surface, tried, goal), probes: tried.length }
}

function bestValue(surface: Surface, tried: readonly Configuration[], goal: Goal): number {
  return tried.reduce((best, configuration) => {
    return Math.max(best, valueOf(goal, configuration, surface.at(configuration)))
  }, 0)
}
