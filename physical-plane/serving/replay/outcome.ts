// What a replay comes to, of each function and of the GPUs.
import type { FunctionState, Happening } from './function-state.ts'
import type { PipelineState } from './pipeline-state.ts'

export type FunctionOutcome = {
  readonly name: string
  readonly requests: number
  readonly answered: number
  readonly overSlo: number
  readonly refused: number
  /** Over the objective or refused, of all requests. */
  readonly violationShare: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly latenciesMs: Float64Array
  /** Shares of a GPU (multiprocessors times time) times seconds: what was guaranteed, or used where that was more. */
  readonly gpuSeconds: number
  readonly guaranteedGpuSeconds: number
  readonly usd: number
  /** Instances that were begun after the start. */
  readonly coldStarts: number
  readonly resized: number
  /** Actions that bounds or GPUs did not allow. */
  readonly unplaced: number
  readonly happenings: readonly Happening[]
}

/** How a function stood at the end of a second. */
export type Sight = {
  readonly atMs: number
  readonly arrived: number
  readonly queued: number
  readonly ready: number
  readonly instances: number
  /** Of GPUs, in thousandths. */
  readonly guaranteedMilli: number
}

export type PipelineOutcome = Pick<
  FunctionOutcome,
  'name' | 'requests' | 'answered' | 'overSlo' | 'refused' | 'violationShare' | 'latenciesMs'
>

export type Outcome = {
  readonly functions: readonly FunctionOutcome[]
  readonly pipelines: readonly PipelineOutcome[]
  /** Of each function, in the same order. */
  readonly sights: readonly (readonly Sight[])[]
  /** GPUs on which anybody was, times seconds. */
  readonly wholeGpuSeconds: number
  readonly gpusMax: number
}

export function outcomeOf(state: FunctionState): FunctionOutcome {
  const { spec, latencies, overSlo } = state
  const answered = latencies.filter((ms) => ms >= 0).sort()
  const requests = latencies.length
  const refused = requests - answered.length
  return {
    name: spec.name,
    requests,
    answered: answered.length,
    overSlo,
    refused,
    violationShare: requests === 0 ? 0 : (overSlo + refused) / requests,
    p50Ms: percentileOf(answered, 50),
    p99Ms: percentileOf(answered, 99),
    latenciesMs: latencies,
    gpuSeconds: state.gpuSeconds,
    guaranteedGpuSeconds: state.guaranteedGpuSeconds,
    usd: state.usd,
    coldStarts: state.coldStarts,
    resized: state.resized,
    unplaced: state.unplaced,
    happenings: state.happenings,
  }
}

export function pipelineOutcomeOf({ spec, latencies }: PipelineState): PipelineOutcome {
  const answered = latencies.filter((ms) => ms >= 0)
  const requests = latencies.length
  const overSlo = answered.filter((ms) => ms > spec.sloMs).length
  const refused = requests - answered.length
  const violationShare = requests === 0 ? 0 : (overSlo + refused) / requests
  return {
    name: spec.name,
    requests,
    answered: answered.length,
    overSlo,
    refused,
    violationShare,
    latenciesMs: latencies,
  }
}

export function percentileOf(sorted: Float64Array, percentile: number): number {
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? 0
}
