// A scenario under each of its policies and seeds, summed up. Seeds draw arrivals only: every policy meets the same ones.
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { seededRandom } from '#runtime/random.ts'
import type { Autoscaler } from '../scaling/autoscaler.ts'
import { autoscalerOf } from '../scaling/policies.ts'
import { latencyModelOf } from '../scaling/predict-latency.ts'
import { arrivalsByRate, toldArrivals } from './arrivals.ts'
import { replayConfig as config } from './config.ts'
import type { ReplayedFunction } from './function-state.ts'
import { percentileOf, type FunctionOutcome, type Outcome, type PipelineOutcome, type Sight } from './outcome.ts'
import { pipelineOf, withBudgets } from './scenario-pipelines.ts'
import { rememberedLatency } from './remembered-latency.ts'
import type {
  FunctionReport,
  PipelineReport,
  ScenarioArrivals,
  ScenarioFunction,
  ServingHappening,
  ServingReport,
  ServingRun,
  ServingScenario,
  ServingSight,
} from './replay-report.ts'
import { replay } from './replay.ts'

export type Progress = (policy: string, done: number, of: number) => void

export function runScenario(scenario: ServingScenario, onProgress: Progress): ServingReport {
  const { name, seeds, lengthMs, policies, gpus } = scenario
  const budgeted = withBudgets(scenario)
  const drawn = seeds.map((seed) => budgeted.map((one, i) => drawnOf(one, seed, i, lengthMs)))
  const asked = seeds.map((seed) =>
    scenario.pipelines.map((one, i) => ({
      ...pipelineOf(one),
      arrivalsMs: arrivalsOf(one.arrivals, seed, budgeted.length + i, lengthMs),
    })),
  )
  const total = policies.length * seeds.length
  const contenders = policies.map((policy, p) => contenderOf(policy, `policies[${p}]`))
  const runs = policies.map((policy, p): ServingRun => {
    const autoscaler = contenders[p]!
    const outcomes = drawn.map((functions, s) => {
      onProgress(policy, p * seeds.length + s, total)
      return replay({ functions, pipelines: asked[s]!, gpus, autoscaler, lengthMs })
    })
    return runOf(policy, scenario, outcomes)
  })
  return {
    name,
    seeds,
    lengthSeconds: lengthMs / 1_000,
    requests: [...drawn, ...asked].flat().reduce((sum, { arrivalsMs }) => sum + arrivalsMs.length, 0),
    gpus: gpus.reduce((sum, { count }) => sum + count, 0),
    runs,
  }
}

/** The name as the scenario has it, so that a wrong one is found there. */
function contenderOf(name: string, field: string): Autoscaler {
  try {
    return autoscalerOf(name)
  } catch (error) {
    if (!(error instanceof CloudlessError)) throw error
    const violations = error.violations.map(({ description }) => ({ field, description }))
    throw new CloudlessError(error.kind, error.reason, error.message, { violations, cause: error })
  }
}

function drawnOf(one: ScenarioFunction, seed: number, index: number, lengthMs: number): ReplayedFunction {
  const { profile, arrivals, ...rest } = one
  const latency = rememberedLatency(latencyModelOf(profile))
  return { ...rest, arrivalsMs: arrivalsOf(arrivals, seed, index, lengthMs), truth: latency, known: latency }
}

function arrivalsOf(arrivals: ScenarioArrivals, seed: number, index: number, lengthMs: number): Float64Array {
  if (arrivals.kind === 'times') return toldArrivals(arrivals.atMs, lengthMs)
  const { perSecond, slotMs, spacing } = arrivals
  // A stream of its own for every function and pipeline, so that one more changes nothing about the others.
  const random = seededRandom(seed * 2 ** 16 + index)
  const slots = perSecond.slice(0, Math.ceil(lengthMs / slotMs))
  return arrivalsByRate(slots, slotMs, spacing, random).filter((at) => at < lengthMs)
}

function runOf(policy: string, { functions, pipelines }: ServingScenario, outcomes: readonly Outcome[]): ServingRun {
  const [first] = outcomes
  assert(first !== undefined, 'a scenario has a seed')
  return {
    policy,
    functions: functions.map(({ name }, f) =>
      summed(
        name,
        outcomes.map((outcome) => outcome.functions[f]!),
      ),
    ),
    all: summed(
      'all',
      outcomes.flatMap((outcome) => outcome.functions),
    ),
    pipelines: pipelines.map(({ name }, p) =>
      endToEnd(
        name,
        outcomes.map((outcome) => outcome.pipelines[p]!),
      ),
    ),
    wholeGpuSeconds: outcomes.reduce((sum, { wholeGpuSeconds }) => sum + wholeGpuSeconds, 0),
    gpusMax: Math.max(...outcomes.map(({ gpusMax }) => gpusMax)),
    sights: thinned(first.sights),
    happenings: happeningsOf(first),
  }
}

function summed(name: string, outcomes: readonly FunctionOutcome[]): FunctionReport {
  const sum = (of: (one: FunctionOutcome) => number): number => outcomes.reduce((all, one) => all + of(one), 0)
  return {
    ...endToEnd(name, outcomes),
    gpuSeconds: sum((one) => one.gpuSeconds),
    usd: sum((one) => one.usd),
    coldStarts: sum((one) => one.coldStarts),
    resized: sum((one) => one.resized),
    unplaced: sum((one) => one.unplaced),
  }
}

function endToEnd(name: string, outcomes: readonly PipelineOutcome[]): PipelineReport {
  const sum = (of: (one: PipelineOutcome) => number): number => outcomes.reduce((all, one) => all + of(one), 0)
  const requests = sum((one) => one.requests)
  const answered = new Float64Array(sum((one) => one.answered))
  let at = 0
  for (const { latenciesMs } of outcomes) for (const ms of latenciesMs) if (ms >= 0) answered[at++] = ms
  answered.sort()
  const [overSlo, refused] = [sum((one) => one.overSlo), sum((one) => one.refused)]
  return {
    name,
    requests,
    answered: answered.length,
    overSlo,
    refused,
    violationShare: requests === 0 ? 0 : (overSlo + refused) / requests,
    p50Ms: percentileOf(answered, 50),
    p99Ms: percentileOf(answered, 99),
  }
}

/** Means over equal times, so few that a chart of them is readable. */
function thinned(sights: readonly (readonly Sight[])[]): readonly ServingSight[] {
  const seconds = sights[0]?.length ?? 0
  const step = Math.max(1, Math.ceil(seconds / config.sightsMax))
  return Array.from({ length: Math.floor(seconds / step) }, (_, i) => {
    const window = sights.map((own) => own.slice(i * step, (i + 1) * step))
    const mean = (of: (sight: Sight) => number): number =>
      window.flat().reduce((sum, sight) => sum + of(sight), 0) / step
    return {
      atSeconds: (i + 1) * step,
      requestsPerSecond: mean(({ arrived }) => arrived),
      queued: mean(({ queued }) => queued),
      instances: mean(({ instances }) => instances),
      gpus: mean(({ guaranteedMilli }) => guaranteedMilli / 1_000),
    }
  })
}

function happeningsOf({ functions }: Outcome): readonly ServingHappening[] {
  return functions
    .flatMap(({ name, happenings }) =>
      happenings.map(({ atMs, what, because }) => ({ atSeconds: atMs / 1_000, function: name, what, because })),
    )
    .toSorted((a, b) => a.atSeconds - b.atSeconds)
    .slice(0, config.happeningsTold)
}
