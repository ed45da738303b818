// What a replay of a scenario is asked and what it answers: plain data, as it crosses to a process of its own and back.
import type { Shape } from '../scaling/autoscaler.ts'
import type { ProfiledLatency } from '../scaling/predict-latency.ts'
import type { Spacing } from './arrivals.ts'
import type { GpuKind } from './gpu-rows.ts'

export type ScenarioArrivals =
  | {
      readonly kind: 'rates'
      readonly perSecond: readonly number[]
      readonly slotMs: number
      readonly spacing: Spacing
    }
  | { readonly kind: 'times'; readonly atMs: readonly number[] }

export type ScenarioFunction = {
  readonly name: string
  readonly profile: readonly ProfiledLatency[]
  readonly arrivals: ScenarioArrivals
  readonly slo: { readonly latencyMs: number; readonly percentile: number } | null
  readonly instancesMin: number
  readonly instancesMax: number
  readonly batchMax: number
  readonly shape: Shape
  readonly memoryBytes: number
  readonly coldStartMs: number
  readonly timeoutMs: number
  readonly queueMax: number
}

export type ServingScenario = {
  readonly name: string
  /** Each is drawn anew; figures are of all of them together. */
  readonly seeds: readonly number[]
  readonly lengthMs: number
  readonly policies: readonly string[]
  readonly gpus: readonly GpuKind[]
  readonly functions: readonly ScenarioFunction[]
  readonly pipelines: readonly ScenarioPipeline[]
}

export type ScenarioPipeline = {
  readonly name: string
  /** One pipeline by their names (proto/pipelines), each of one of the functions. */
  readonly stages: readonly { readonly name: string; readonly function: string; readonly after: readonly string[] }[]
  /** From end to end. */
  readonly slo: { readonly latencyMs: number; readonly percentile: number }
  readonly arrivals: ScenarioArrivals
}

export type FunctionReport = {
  readonly name: string
  readonly requests: number
  readonly answered: number
  readonly overSlo: number
  readonly refused: number
  readonly violationShare: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly gpuSeconds: number
  readonly usd: number
  readonly coldStarts: number
  readonly resized: number
  readonly unplaced: number
}

/** All functions at one time, of the first seed. */
export type ServingSight = {
  readonly atSeconds: number
  readonly requestsPerSecond: number
  readonly queued: number
  readonly instances: number
  readonly gpus: number
}

export type ServingHappening = {
  readonly atSeconds: number
  readonly function: string
  readonly what: string
  readonly because: string
}

export type PipelineReport = Pick<
  FunctionReport,
  'name' | 'requests' | 'answered' | 'overSlo' | 'refused' | 'violationShare' | 'p50Ms' | 'p99Ms'
>

export type ServingRun = {
  readonly policy: string
  readonly pipelines: readonly PipelineReport[]
  readonly functions: readonly FunctionReport[]
  readonly all: FunctionReport
  readonly wholeGpuSeconds: number
  readonly gpusMax: number
  readonly sights: readonly ServingSight[]
  /** The first ones, of the first seed. */
  readonly happenings: readonly ServingHappening[]
}

export type ServingReport = {
  readonly name: string
  readonly seeds: readonly number[]
  readonly lengthSeconds: number
  readonly requests: number
  readonly gpus: number
  readonly runs: readonly ServingRun[]
}
