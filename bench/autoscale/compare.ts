// One trace under one policy: what it missed, what it cost.
import type { FunctionOutcome } from '#physical-plane/serving/replay/outcome.ts'
import { replay } from '#physical-plane/serving/replay/replay.ts'
import type { Autoscaler, Shape } from '#physical-plane/serving/scaling/autoscaler.ts'
import { deviceModel, type ServedModel } from './surfaces.ts'
import type { Load, Trace } from './traces.ts'

export type Compared = {
  readonly requests: number
  /** Over the objective or refused, in percent of all requests. */
  readonly violations: number
  readonly p99Ms: number
  /** Shares of a GPU times seconds, and GPUs on which anybody was times seconds. */
  readonly gpuSeconds: number
  readonly wholeGpuSeconds: number
  readonly coldStarts: number
  /** Percent over 150, 300 and 600 ms, refused ones too. */
  readonly over: readonly number[]
}

export type Contender = {
  readonly name: string
  readonly autoscaler: Autoscaler
  /** What the function's file asks for. */
  readonly shape: Shape
  /** Instances that there are at least, for that load. */
  readonly instancesMin: (load: Load, model: ServedModel) => number
}

export const setting = {
  gpus: 16,
  memoryBytes: 16e9,
  instanceMemoryBytes: 1.5e9,
  usdPerHour: 2.48,
  sloMs: 150,
  percentile: 99,
  batchMax: 8,
  coldStartMs: 10_000,
  instancesMax: 64,
} as const

const overMs = [150, 300, 600]

export function compare(trace: Trace, contender: Contender, models: ReadonlyMap<string, ServedModel>): Compared {
  const functions = trace.loads.map((load, i) => {
    const model = models.get(load.model)!
    return {
      name: `${load.model}-${i}`,
      arrivalsMs: load.arrivalsMs,
      truth: model.truth,
      known: model.known,
      slo: { latencyMs: setting.sloMs, percentile: setting.percentile },
      instancesMin: contender.instancesMin(load, model),
      instancesMax: setting.instancesMax,
      batchMax: setting.batchMax,
      shape: contender.shape,
      memoryBytes: setting.instanceMemoryBytes,
      coldStartMs: setting.coldStartMs,
      timeoutMs: 0,
      queueMax: 0,
    }
  })
  const { gpus: count, memoryBytes, usdPerHour } = setting
  const gpus = [{ model: deviceModel, count, memoryBytes, usdPerHour }]
  const outcome = replay({ functions, gpus, autoscaler: contender.autoscaler, lengthMs: trace.lengthMs })
  const sum = (of: (one: FunctionOutcome) => number): number => outcome.functions.reduce((all, one) => all + of(one), 0)
  const requests = sum((one) => one.requests)
  const percent = (part: number): number => (100 * part) / requests
  const all = outcome.functions.flatMap(({ latenciesMs }) => [...latenciesMs].filter((ms) => ms >= 0))
  const sorted = Float64Array.from(all).sort()
  const refused = sum((one) => one.refused)
  return {
    requests,
    violations: percent(sum((one) => one.overSlo + one.refused)),
    p99Ms: sorted[Math.max(0, Math.ceil(0.99 * sorted.length) - 1)] ?? 0,
    gpuSeconds: sum((one) => one.gpuSeconds),
    wholeGpuSeconds: outcome.wholeGpuSeconds,
    coldStarts: sum((one) => one.coldStarts),
    over: overMs.map((limit) => percent(refused + sorted.reduce((many, ms) => many + (ms > limit ? 1 : 0), 0))),
  }
}

/** Whether somebody else misses no more and costs no more, and one of both less. */
export function isDominated(one: Compared, others: readonly Compared[]): boolean {
  return others.some(
    ({ violations, gpuSeconds }) =>
      violations <= one.violations &&
      gpuSeconds <= one.gpuSeconds &&
      (violations < one.violations || gpuSeconds < one.gpuSeconds),
  )
}
