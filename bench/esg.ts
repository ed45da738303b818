// ESG's search for the cheapest configurations of a chain of functions within a time.
//   mismatches        of 20,000 random chains (1 to 4 stages, up to 5 configurations, 1 to 4 answers), how many were answered otherwise
//                     than by trying every path
//   large_mismatches  the same of chains of three stages with 112 configurations each: 1.4 million paths
//   search_…          milliseconds for 3 stages x 112 configurations, five answers, preparing included; nodes_mean what was looked at
//   search5_…         for 5 stages x 112
//   prepared_p99_ms   for 3 stages whose configurations were prepared before, as at the start of each stage
// Configurations are batch x MIG slice x processes of eleven models on an A100 (ParvaGPU) where the table is there (beside the repository
// or in CLOUDLESS_PROFILES), with costs of 0.67 USD an hour for a seventh of the GPU; made-up ones of the same shape otherwise.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { searchPaths, searchPrepared, type ChosenPath } from '#physical-plane/serving/pipelines/esg.ts'
import { prepareStages, type Configuration } from '#physical-plane/serving/pipelines/stage-configurations.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { madeUpFunctions, recordedFunctions, type ProfiledFunction } from './esg/functions.ts'

const instances = 20_000
const configurationsEach = 112
const answers = 5
const searches = 2_000
const searches5 = 500
const largeChecks = 20

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const random = seededRandom(6)
  note(`${instances} random chains against every path`)
  let mismatches = 0
  for (let one = 0; one < instances; one += 1) if (!isSmallRight(random)) mismatches += 1
  const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../shared/data/profiles')
  const file = join(folder, 'parvagpu_a100_mig.csv')
  const isRecorded = existsSync(file)
  if (!isRecorded) note(`no ${file}: configurations are made up (CLOUDLESS_PROFILES names the folder with the table)`)
  const functions = isRecorded ? recordedFunctions(file) : madeUpFunctions(random)
  const chains = (stages: number, count: number): readonly Chain[] =>
    Array.from({ length: count }, () => someChain(functions, stages, random))
  note(`${largeChecks} chains of 3 x ${configurationsEach} against every path`)
  const largeMismatches = chains(3, largeChecks).filter((chain) => !isLargeRight(chain)).length
  note(`${searches} searches over 3 stages, ${searches5} over 5`)
  const timed = (all: readonly Chain[]): { readonly ms: number[]; readonly nodes: number[] } => {
    const nodes: number[] = []
    const ms = all.map(({ stages, targetMs }) => {
      const beganAtMs = clock.monotonicMs()
      nodes.push(searchPaths(stages, targetMs, { answers }).generated)
      return clock.monotonicMs() - beganAtMs
    })
    return { ms, nodes }
  }
  timed(chains(3, 200))
  const three = timed(chains(3, searches))
  const five = timed(chains(5, searches5))
  const preparedMs = chains(3, searches).map(({ stages, targetMs }) => {
    const prepared = prepareStages(stages, answers)
    const beganAtMs = clock.monotonicMs()
    searchPrepared(prepared, targetMs, { answers })
    return clock.monotonicMs() - beganAtMs
  })
  return await Promise.resolve({
    mismatches,
    large_mismatches: largeMismatches,
    search_p50_ms: quantile(three.ms, 0.5),
    search_p99_ms: quantile(three.ms, 0.99),
    search_max_ms: Math.max(...three.ms),
    nodes_mean: mean(three.nodes),
    nodes_max: Math.max(...three.nodes),
    search5_p50_ms: quantile(five.ms, 0.5),
    search5_p99_ms: quantile(five.ms, 0.99),
    search5_max_ms: Math.max(...five.ms),
    nodes5_mean: mean(five.nodes),
    nodes5_max: Math.max(...five.nodes),
    prepared_p99_ms: quantile(preparedMs, 0.99),
    recorded: isRecorded,
  })
}

type Chain = { readonly stages: readonly (readonly Configuration[])[]; readonly targetMs: number }

/** In whole numbers, so that costs that are equal are so in any order of adding. */
function isSmallRight(random: Random): boolean {
  const stages = Array.from({ length: 1 + random.integer(4) }, () =>
    Array.from({ length: 1 + random.integer(5) }, () => ({ timeMs: 1 + random.integer(60), cost: random.integer(50) })),
  )
  const targetMs = 1 + random.integer(60 * stages.length)
  const wanted = 1 + random.integer(4)
  const { paths } = searchPaths(stages, targetMs, { answers: wanted })
  const best = cheapest(stages, targetMs, wanted)
  return isInTime(paths, stages, targetMs) && paths.map(({ cost }) => cost).join() === best.join()
}

function isLargeRight({ stages, targetMs }: Chain): boolean {
  const { paths } = searchPaths(stages, targetMs, { answers })
  const best = cheapest(stages, targetMs, answers)
  const isClose = (cost: number, other: number): boolean => Math.abs(cost - other) <= 1e-12 * other
  return (
    isInTime(paths, stages, targetMs) &&
    paths.length === best.length &&
    paths.every(({ cost }, at) => isClose(cost, best[at]!))
  )
}

function isInTime(paths: readonly ChosenPath[], stages: Chain['stages'], targetMs: number): boolean {
  return paths.every(
    ({ choices }) => choices.reduce((sum, choice, stage) => sum + stages[stage]![choice]!.timeMs, 0) <= targetMs,
  )
}

/** The lowest costs within the time, by trying every path. */
function cheapest(stages: Chain['stages'], targetMs: number, count: number): readonly number[] {
  const lowest: number[] = []
  const visit = (stage: number, timeMs: number, cost: number): void => {
    if (stage === stages.length) {
      if (timeMs > targetMs || (lowest.length === count && cost >= lowest.at(-1)!)) return
      const place = lowest.findIndex((one) => one > cost)
      lowest.splice(place < 0 ? lowest.length : place, 0, cost)
      if (lowest.length > count) lowest.pop()
      return
    }
    for (const one of stages[stage]!) visit(stage + 1, timeMs + one.timeMs, cost + one.cost)
  }
  visit(0, 0, 0)
  return lowest
}

/** Its time lies between that of the fastest configurations and that of the cheapest ones. */
function someChain(functions: readonly ProfiledFunction[], length: number, random: Random): Chain {
  const stages = Array.from({ length }, () => {
    const { configurations } = functions[random.integer(functions.length)]!
    return someOf(configurations, configurationsEach, random)
  })
  const sum = (of: (own: readonly Configuration[]) => number): number =>
    stages.reduce((total, own) => total + of(own), 0)
  const fastestMs = sum((own) => Math.min(...own.map(({ timeMs }) => timeMs)))
  const cheapestMs = sum((own) => own.reduce((best, one) => (one.cost < best.cost ? one : best)).timeMs)
  return { stages, targetMs: fastestMs + random.next() * Math.max(fastestMs, cheapestMs - fastestMs) }
}

function someOf<T>(all: readonly T[], count: number, random: Random): readonly T[] {
  const left = [...all]
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.integer(left.length), 1)[0]!)
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
