// What a pipeline is to the control plane: functions that answer together, by their names. It has no instances of its own, so
// where it stands, where it is asked and what part of its objective each stage has follow from its functions as they are now.
import { alignedTimes, averageLengths, splitObjective } from '#proto/pipelines/split-objective.ts'
import { stageGraph } from '#proto/pipelines/stage-graph.ts'
import type { InferenceFunction, InferenceSpec, Slo } from './inference.ts'

export type PipelineStage = {
  readonly name: string
  /** A deployed function's name. */
  readonly function: string
  /** Stages; none: it gets the inputs of the request. */
  readonly after: readonly string[]
  /** Its input tensors by name, each as "stage.output" or, of the request, "input". */
  readonly inputs: Readonly<Record<string, string>>
}

export type PipelineSpec = {
  readonly name: string
  readonly stages: readonly PipelineStage[]
  /** From the arrival of a request to the answer of the last stage; null: as fast as it goes. */
  readonly slo: Slo | null
  /** A request is answered within this time or refused. */
  readonly timeoutMs: number
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
}

export type Pipeline = {
  readonly id: string
  readonly spec: PipelineSpec
  readonly createdAtMs: number
  /** Null until it is deleted. */
  readonly endedAtMs: number | null
  /** The store's revision of its last change. */
  readonly revision: number
}

/** What one region's gateway sees of a pipeline. */
export type PipelineMeasure = {
  readonly id: string
  readonly arrived: number
  readonly answered: number
  readonly failed: number
  readonly refused: number
  readonly overSlo: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** 1: the budget of errors is used exactly as fast as it may be. */
  readonly burnFiveMinutes: number
  readonly burnOneHour: number
  readonly stages: readonly StageMeasure[]
}

export type StageMeasure = {
  readonly stage: string
  readonly answered: number
  readonly failed: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** By name; those that are not deleted. */
export type Functions = ReadonlyMap<string, InferenceFunction>

export function functionsByName(functions: readonly InferenceFunction[]): Functions {
  return new Map(functions.filter(({ state }) => state !== 'deleting').map((each) => [each.spec.name, each]))
}

export type PipelineStanding = {
  readonly state: 'deploying' | 'ready'
  /** Why, in one sentence. */
  readonly reason: string
  /** Where all of its functions are, in ascending order. */
  readonly regions: readonly string[]
}

export function standingOfPipeline({ spec }: Pipeline, functions: Functions): PipelineStanding {
  const names = [...new Set(spec.stages.map(({ function: name }) => name))].sort()
  const missing = names.filter((name) => !functions.has(name))
  if (missing.length > 0) {
    const reason = `function ${missing.join(', ')} is missing; deploy it`
    return { state: 'deploying', reason, regions: [] }
  }
  const found = names.map((name) => functions.get(name)!)
  const regions = [...new Set(found.flatMap(({ places }) => places))]
    .filter((region) => found.every(({ places }) => places.includes(region)))
    .sort()
  const waiting = found.find(({ state }) => state !== 'ready')
  if (waiting !== undefined)
    return { state: 'deploying', reason: `${waiting.spec.name} is ${waiting.state}: ${waiting.reason}`, regions }
  if (regions.length > 0) return { state: 'ready', reason: `answers in ${regions.join(', ')}`, regions }
  const places = found.map((each) => `${each.spec.name} in ${each.places.join(' and ') || 'none'}`).join(', ')
  const reason = `no region has all of its functions: ${places}; name one region in the files of all of them`
  return { state: 'deploying', reason, regions }
}

/**
 * The part of the objective that each stage has, by its name; none without an objective. In proportion to how long its function's
 * batches take as they were measured; where one of them never was, each stage counts alike.
 */
export function stageBudgets({ stages, slo }: PipelineSpec, functions: Functions): ReadonlyMap<string, number> {
  if (slo === null) return new Map()
  const times = stages.map((stage) => latenciesOf(functions.get(stage.function)?.spec))
  const lengths = times.every((own) => own.length > 0) ? averageLengths(alignedTimes(times)) : stages.map(() => 1)
  const byName = new Map(stages.map(({ name }, i) => [name, lengths[i]!]))
  return splitObjective(stages, byName, slo.latencyMs).budgetMs
}

/** The objective of each function that has none of its own: its smallest part of those of the pipelines that it is in. By name. */
export function objectivesFromPipelines(
  pipelines: readonly Pipeline[],
  functions: Functions,
): ReadonlyMap<string, Slo> {
  const objectives = new Map<string, Slo>()
  for (const { spec } of pipelines) {
    const budgets = stageBudgets(spec, functions)
    for (const stage of spec.stages) {
      const of = functions.get(stage.function)
      const latencyMs = budgets.get(stage.name)
      if (latencyMs === undefined || of === undefined || of.spec.slo !== null) continue
      const known = objectives.get(of.spec.name)
      if (known === undefined || latencyMs < known.latencyMs)
        objectives.set(of.spec.name, { latencyMs, percentile: spec.slo!.percentile, per: 'request' })
    }
  }
  return objectives
}

/** The longest way through it with every function at the fastest that was measured of it; what nobody has measured takes no time. */
export function fastestMs({ stages }: PipelineSpec, functions: Functions): number {
  const times = stages.map((stage) => Math.min(...latenciesOf(functions.get(stage.function)?.spec)))
  const { order, before } = stageGraph(stages)
  const endsAtMs: number[] = []
  for (const place of order) {
    const beginsAtMs = Math.max(0, ...before[place]!.map((one) => endsAtMs[one]!))
    endsAtMs[place] = beginsAtMs + (Number.isFinite(times[place]) ? times[place]! : 0)
  }
  return Math.max(...endsAtMs)
}

/** What this function may be run on, as it was measured. */
function latenciesOf(spec: InferenceSpec | undefined): readonly number[] {
  if (spec === undefined) return []
  const { profile, batchMax, deviceModels } = spec
  return profile
    .filter(({ batch }) => batch <= batchMax)
    .filter(({ deviceModel }) => deviceModels.length === 0 || deviceModels.includes(deviceModel))
    .map(({ latencyMs }) => latencyMs)
}
