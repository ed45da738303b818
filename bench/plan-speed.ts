// How long the default policy takes to plan.
//   plan_71_p95_ms       one job over 71 regions with 12 device classes each, the slowest of three mixes: data in 4 of the regions
//                        (plan_71_some), in all of them (plan_71_all), in up to 8 that may move (plan_71_movable)
//   plan_1000_p95_ms     the same over 1,000 regions: data in 4 of them, and in up to 8 that may move
//   replan_1000_jobs_s   one pass over 1,000 waiting jobs with data in up to 4 regions, a third of which may move
// One plan is what a pass of the scheduler does for a job: where it may run, the search, the forecast and every region's
// reason. The catalogue is indexed and free units are counted once for a pass, so that only the last figure has these in it.
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { countFreeUnits } from '#control-plane/scheduler/free-units.ts'
import { placeJob } from '#control-plane/scheduler/place-job.ts'
import { planPending } from '#control-plane/scheduler/plan.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import type { Clock } from '#runtime/clock.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { withJobs, type JobMix } from './plan-speed/jobs.ts'
import { world } from './plan-speed/world.ts'

const upToEight = (random: Random): number => 1 + random.integer(8)

const mixes: Readonly<Record<string, JobMix>> = {
  some: { dataRegions: () => 4, mayMove: false },
  all: { dataRegions: () => Number.POSITIVE_INFINITY, mayMove: false },
  movable: { dataRegions: upToEight, mayMove: true },
}

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const bundled = await loadCatalogue()
  const small = world(bundled, 71, seededRandom(1))
  const result: Record<string, number> = {}
  for (const [name, mix] of Object.entries(mixes)) {
    note(`71 regions, data: ${name}`)
    const count = name === 'all' ? 60 : 200
    Object.assign(result, quantiles(`plan_71_${name}`, onePlanEach(clock, small, count, mix)))
  }
  result['plan_71_p95_ms'] = Math.max(...Object.keys(mixes).map((name) => result[`plan_71_${name}_p95_ms`]!))
  const large = world(bundled, 1_000, seededRandom(2))
  for (const name of ['some', 'movable']) {
    note(`1,000 regions, data: ${name}`)
    Object.assign(result, quantiles(`plan_1000_${name}`, onePlanEach(clock, large, 40, mixes[name]!)))
  }
  result['plan_1000_p95_ms'] = Math.max(result['plan_1000_some_p95_ms']!, result['plan_1000_movable_p95_ms']!)
  note('1,000 waiting jobs')
  return { ...result, ...replan(clock, small) }
}

/** Milliseconds; the first few are not counted, until the code is compiled. */
function onePlanEach(clock: Clock, empty: Snapshot, count: number, mix: JobMix): readonly number[] {
  const warmUp = 10
  const { snapshot, jobs } = withJobs(empty, count + warmUp, mix, seededRandom(3))
  const index = indexCatalogue(snapshot.catalogue)
  index.link('', '')
  const units = countFreeUnits(snapshot)
  const times = jobs.map(({ spec }) => {
    const startedAtMs = clock.monotonicMs()
    placeJob({ snapshot, index, units, held: new Map() }, spec)
    return clock.monotonicMs() - startedAtMs
  })
  return times.slice(warmUp)
}

function replan(clock: Clock, empty: Snapshot): BenchResult {
  const few = (random: Random): number => 1 + random.integer(4)
  const stay = withJobs(empty, 667, { dataRegions: few, mayMove: false }, seededRandom(4))
  const move = withJobs(empty, 333, { dataRegions: few, mayMove: true }, seededRandom(5))
  const renamed = move.jobs.map((job) => ({ ...job, id: `${job.id}-movable` }))
  const snapshot = { ...stay.snapshot, jobs: [...stay.jobs, ...renamed].sort((a, b) => (a.id < b.id ? -1 : 1)) }
  const startedAtMs = clock.monotonicMs()
  const { jobs } = planPending(snapshot)
  const seconds = (clock.monotonicMs() - startedAtMs) / 1000
  const placed = jobs.filter(({ change }) => change.plan?.outcome === 'placed').length
  return { replan_1000_jobs_s: seconds, replan_placed: placed }
}

function quantiles(name: string, times: readonly number[]): Record<string, number> {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return { [`${name}_p50_ms`]: at(0.5), [`${name}_p95_ms`]: at(0.95), [`${name}_max_ms`]: at(1) }
}
