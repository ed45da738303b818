// What a pipeline's route means, worked out once: its graph, and its objective split over the stages by how long their functions take.
import { GatewayFault } from '#physical-plane/serving/gateway/fault.ts'
import type { Caller, RoutedPipeline } from '#physical-plane/serving/gateway/infer.ts'
import { alignedTimes, averageLengths, splitObjective, type ObjectiveSplit } from '#proto/pipelines/split-objective.ts'
import { stageFaults, stageGraph, type StageGraph } from '#proto/pipelines/stage-graph.ts'

export type Prepared = {
  readonly graph: StageGraph
  /** By what profiles said when it was split last. */
  split: { readonly by: readonly unknown[]; readonly objective: ObjectiveSplit } | null
}

export function prepare(pipeline: RoutedPipeline): Prepared {
  const faults = stageFaults(pipeline.stages).map(({ field, description }) => `${field}: ${description}`)
  if (faults.length > 0) throw new GatewayFault('internal', `${pipeline.name} can not run: ${faults.join('; ')}`)
  return { graph: stageGraph(pipeline.stages), split: null }
}

/** Of a pipeline with an objective. A stage that nobody has profiled counts as the mean of the others. */
export function splitFor(pipeline: RoutedPipeline, prepared: Prepared, caller: Caller): ObjectiveSplit {
  const profiles = pipeline.stages.map((stage) => caller.view(stage.function)?.profile ?? null)
  const { split } = prepared
  if (split !== null && split.by.every((profile, place) => profile === profiles[place])) return split.objective
  const times = profiles.map((profile) => (profile ?? []).map(({ latencyMs }) => latencyMs))
  const all = times.flat()
  const mean = all.length === 0 ? 1 : all.reduce((sum, ms) => sum + ms, 0) / all.length
  const lengths = averageLengths(alignedTimes(times.map((own) => (own.length === 0 ? [mean] : own))))
  const named = new Map(pipeline.stages.map(({ name }, place) => [name, lengths[place]!]))
  const objective = splitObjective(pipeline.stages, named, pipeline.slo!.latencyMs)
  prepared.split = { by: profiles, objective }
  return objective
}
