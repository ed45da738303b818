// One trace under one policy: what it missed, what it cost.
import type { FunctionOutcome } from '#physical-plane/serving/replay/outcome.ts'
import type { Generation } from '#physical-plane/serving/replay/generation.ts'
import { replay } from '#physical-plane/serving/replay/replay.ts'
import type { Autoscaler, Shape } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { ServedModel } from './surfaces.ts'
import type { Load, Trace } from './traces.ts'
import type { World } from './worlds.ts'

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
  readonly shapeIn: (world: World) => Shape
  /** Instances that there are at least, for that load. */
  readonly instancesMin: (load: Load, served: Served, world: World) => number
}

export type Served = ServedModel & { readonly sloMs: number; readonly generation?: Generation }

const sloMsOfAll = 150
const percentile = 99
const overMs = [150, 300, 600]

export function compare(trace: Trace, contender: Contender, models: ReadonlyMap<string, ServedModel>): Compared {
  const { world } = trace
  const { batchMax, coldStartMs, instancesMax, usdPerHour } = world
  const functions = trace.loads.map((load, i) => {
    const { sloMs, ...served }: Served = load.served ?? { ...models.get(load.model)!, sloMs: sloMsOfAll }
    return {
      ...served,
      name: `${load.model}-${i}`,
      arrivalsMs: load.arrivalsMs,
      slo: { latencyMs: sloMs, percentile },
      instancesMin: contender.instancesMin(load, { ...served, sloMs }, world),
      instancesMax,
      batchMax,
      shape: contender.shapeIn(world),
      memoryBytes: world.instanceMemoryBytes,
      coldStartMs,
      // Whose objective is longer is waited for longer.
      timeoutMs: Math.max(30_000, 4 * sloMs),
      queueMax: 0,
    }
  })
  const gpus = [{ model: world.deviceModel, count: world.gpus, memoryBytes: world.memoryBytes, usdPerHour }]
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
