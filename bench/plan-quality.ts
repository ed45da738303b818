// How good plans are, on three counts.
//   mismatches          2,000 small random problems (at most 4 regions, 3 device classes, 6 units in a region; data that may and may
//                       not move, every objective): how often least-cost differs from brute force over all plans
//   gap_p50, gap_max    500 jobs on the bundled catalogue's prices and its grid of links: how far from the best plan the one
//                       that was found can be, by its own proof
//   saving_vs_…         the same jobs: what the cheapest plan saves that takes at most 5 % more time than a baseline, and what
//                       load-power saves where it does (medians); in_time_vs_… says how often that is. Cloudless-Training
//                       reports 9.2-24.0 % for its matching, on two regions with equal units.
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Exchange, Forecast } from '#control-plane/model/plan.ts'
import { valueOf } from '#control-plane/scheduler/least-cost/goal.ts'
import { leastCost } from '#control-plane/scheduler/least-cost/least-cost.ts'
import { randomProblem } from '#control-plane/scheduler/least-cost/random-problem.fixture.ts'
import { policies } from '#control-plane/scheduler/policies.ts'
import type { Decision } from '#control-plane/scheduler/policy.ts'
import type { JobProblem } from '#control-plane/scheduler/problem.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { bruteForce, goalOf, hasAtMost } from './plan-quality/brute-force.ts'
import { randomJob, type Mix } from './plan-quality/random-jobs.ts'

const instances = 2_000
const plansMax = 3_000
const jobs = 500
const mix: Mix = { dataRegionsMax: 8, movableShare: 1 / 3, classesMax: 12 }
/** A plan that is compared may take so many times as long as the baseline. */
const moreTime = 1.05
const baselines = ['use-everything', 'proportional', 'single-region', 'cheapest-gpu'] as const

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  const small = compareSmall(note)
  const index = indexCatalogue(await loadCatalogue())
  return { ...small, ...compareLarge(index, note), instances, jobs, regions: index.catalogue.regions.length }
}

function compareSmall(note: BenchOptions['note']): {
  readonly mismatches: number
  readonly plans_by_brute_force: number
} {
  let mismatches = 0
  let compared = 0
  let plans = 0
  for (let seed = 0; compared < instances; seed++) {
    const problem = randomProblem(seed, { regions: 4, classes: 3, units: 6 })
    if (!hasAtMost(problem, plansMax)) continue
    compared += 1
    const counted = counting(problem)
    if (!isBest(counted.problem)) {
      mismatches += 1
      note(`seed ${seed} differs from brute force`)
    }
    plans += counted.count()
  }
  return { mismatches, plans_by_brute_force: plans }
}

function counting(problem: JobProblem): { readonly problem: JobProblem; readonly count: () => number } {
  let count = 0
  const estimate: JobProblem['estimate'] = (candidate) => {
    count += 1
    return problem.estimate(candidate)
  }
  return { problem: { ...problem, estimate }, count: () => count }
}

function isBest(problem: JobProblem): boolean {
  const goal = goalOf(problem)
  const decision = leastCost(problem)
  if (decision.kind === 'none') return bruteForce(problem, goal, problem.exchanges.at(-1)!) === Number.POSITIVE_INFINITY
  const value = valueOf(goal, forecastOf(problem, decision, decision.exchange))
  const best = bruteForce(problem, goal, decision.exchange)
  return Math.abs(value - best) <= 1e-8 * best && decision.bound?.isProvedOptimal === true
}

type Chosen = Decision & { readonly kind: 'chosen' }

function forecastOf(problem: JobProblem, { choices }: Chosen, exchange: Exchange | null): Forecast {
  const hub = choices.some(({ place }) => place === exchange?.hub) ? exchange?.hub : choices[0]!.place
  return problem.estimate({ partitions: choices, exchange: exchange === null ? null : { ...exchange, hub: hub! } })
}

function compareLarge(index: CatalogueIndex, note: BenchOptions['note']): BenchResult {
  const gaps: number[] = []
  const savings = new Map<string, number[]>()
  const inTime = new Map<string, number[]>()
  for (let job = 0; job < jobs; job++) {
    if (job % 100 === 0) note(`job ${job} of ${jobs}`)
    const problem = randomJob(job, index, mix)
    const best = leastCost(problem)
    if (best.kind === 'none') continue
    gaps.push(best.bound!.gap)
    for (const baseline of baselines) {
      const other = policies.get(baseline)!(problem)
      if (other.kind === 'none') continue
      const theirs = forecastOf(problem, other, best.exchange)
      const matched = policies.get('load-power')!(problem)
      for (const [name, mine] of [
        ['', asFastAs(problem, theirs)],
        ['load_power_', matched.kind === 'none' ? null : forecastOf(problem, matched, best.exchange)],
      ] as const) {
        if (mine === null) continue
        const key = `${name}saving_vs_${baseline.replaceAll('-', '_')}`
        const isInTime = mine.seconds <= theirs.seconds * moreTime * (1 + 1e-9)
        push(inTime, key.replace('saving', 'in_time'), isInTime ? 1 : 0)
        if (isInTime) push(savings, key, 1 - mine.totalUsd / theirs.totalUsd)
      }
    }
  }
  return {
    gap_p50: quantile(gaps, 0.5),
    gap_p95: quantile(gaps, 0.95),
    gap_max: Math.max(...gaps),
    ...Object.fromEntries([...savings].map(([key, values]) => [key, quantile(values, 0.5)])),
    ...Object.fromEntries([...inTime].map(([key, values]) => [key, mean(values)])),
  }
}

/** The cheapest plan that takes little more time than another one; null where none was found. */
function asFastAs(problem: JobProblem, { seconds }: Forecast): Forecast | null {
  const objective = { kind: 'deadline', atMs: problem.nowMs + 1000 * moreTime * seconds } as const
  const decision = leastCost({ ...problem, objective })
  return decision.kind === 'none' ? null : forecastOf(problem, decision, decision.exchange)
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
