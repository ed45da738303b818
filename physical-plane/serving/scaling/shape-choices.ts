// The parts of a GPU that a policy may choose from, with what an instance can answer on each in time and per share of the device.
import type { ScalingView, Shape } from './autoscaler.ts'
import { capacityOf, type CapacityView } from './capacity.ts'
import { areaOf } from './rows.ts'

export const shapeConfig = {
  smStepMilli: 100,
  requestStepMilli: 100,
  requestMilliMin: 100,
} as const

export const smSteps: readonly number[] = Array.from(
  { length: 1_000 / shapeConfig.smStepMilli },
  (_, at) => shapeConfig.smStepMilli * (at + 1),
)

export type ShapeChoice = {
  readonly shape: Shape
  readonly perSecond: number
  /** Requests a second per whole device: RPR. */
  readonly perShare: number
}

/** Requests a second on that part; null where nobody has profiled it. */
export type CapacityRule = (view: CapacityView, deviceModel: string, shape: Shape) => number | null

/** Batches one after the other, each quick enough for the objective. */
export const throughput: CapacityRule = (view, deviceModel, shape) =>
  capacityOf(view, deviceModel, shape)?.perSecond ?? null

/** Half as much again while others leave it: with requests that fit, limits then fit a device's bound on their own sum. */
export function limitFor(requestMilli: number): number {
  return Math.min(1_000, Math.round(1.5 * requestMilli))
}

/** Those that meet the objective, smaller parts first. Empty where nobody has profiled any, or none is quick enough. */
export function shapeChoices(
  view: ScalingView,
  deviceModel: string,
  capacity: CapacityRule = throughput,
  smLevels: readonly number[] = smSteps,
): readonly ShapeChoice[] {
  const choices: ShapeChoice[] = []
  const { requestStepMilli, requestMilliMin } = shapeConfig
  for (const smMilli of smLevels)
    for (let requestMilli = requestMilliMin; requestMilli <= 1_000; requestMilli += requestStepMilli) {
      const shape = { smMilli, requestMilli, limitMilli: limitFor(requestMilli) }
      const perSecond = capacity(view, deviceModel, shape) ?? 0
      if (perSecond > 0) choices.push({ shape, perSecond, perShare: perSecond / areaOf(shape) })
    }
  return choices.toSorted((a, b) => areaOf(a.shape) - areaOf(b.shape) || a.shape.smMilli - b.shape.smMilli)
}
