// The pipelines of a scenario: their stages as a graph, and for functions that have no objective of their own the part of the pipeline's that
// their stage has, in proportion to how long stages take one by one with what their files ask for.
import { splitObjective } from '#proto/pipelines/split-objective.ts'
import { stageGraph } from '#proto/pipelines/stage-graph.ts'
import { latencyModelOf } from '../scaling/predict-latency.ts'
import type { ReplayedPipeline } from './pipeline-state.ts'
import type { ScenarioFunction, ScenarioPipeline, ServingScenario } from './replay-report.ts'

/** Without its arrivals. */
export function pipelineOf({ name, stages, slo }: ScenarioPipeline): Omit<ReplayedPipeline, 'arrivalsMs'> {
  const { before, next } = stageGraph(stages)
  return {
    name,
    stages: stages.map((stage, i) => ({ function: stage.function, before: before[i]!, next: next[i]! })),
    sloMs: slo.latencyMs,
  }
}

/** Who is a stage of several has the shortest of its parts. */
export function withBudgets({
  functions,
  pipelines,
}: Pick<ServingScenario, 'functions' | 'pipelines'>): readonly ScenarioFunction[] {
  const lengths = new Map(
    functions.map(({ name, profile, shape }) => [name, latencyModelOf(profile)('', 1, shape) ?? 1] as const),
  )
  const parts = pipelines.flatMap(({ stages, slo }) => {
    const byStage = new Map(stages.map((stage) => [stage.name, lengths.get(stage.function) ?? 1] as const))
    const { budgetMs } = splitObjective(stages, byStage, slo.latencyMs)
    return stages.map((stage) => {
      return { function: stage.function, latencyMs: budgetMs.get(stage.name)!, percentile: slo.percentile }
    })
  })
  return functions.map((one) => {
    if (one.slo !== null) return one
    const [least] = parts.filter((part) => part.function === one.name).toSorted((a, b) => a.latencyMs - b.latencyMs)
    return least === undefined ? one : { ...one, slo: { latencyMs: least.latencyMs, percentile: least.percentile } }
  })
}
