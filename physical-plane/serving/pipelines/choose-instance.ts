// Which of a function's running instances a stage of a pipeline goes to: asked at each stage's start, with the time that is left of its
// group of stages. What exists can be chosen from: shapes of instances, with the batches that would form there. ESG's search weighs the
// stages of the group against each other (a quick first stage may let a small, cheap instance do the second), late-rule.ts says what is
// paid for being in time, dispatch.ts weighs the instances.
import type { ChosenPath } from './esg.ts'
import { pathsToBegin, type LateRule } from './late-rule.ts'
import { dispatch, type Place, type Start } from './dispatch.ts'
import { pipelinesConfig } from './config.ts'
import { prepareStages, type Configuration } from './stage-configurations.ts'
import type { LatencyModel, Shape } from '#physical-plane/serving/scaling/autoscaler.ts'

export type RunningInstance = {
  readonly id: string
  readonly inFlight: number
  readonly inFlightMax: number
  readonly deviceModel: string
  readonly shape: Shape
}

/** One stage of the group, from the one that begins on. */
export type StageAhead = {
  readonly instances: readonly RunningInstance[]
  readonly latency: LatencyModel
  /** Requests that wait for it now. */
  readonly queued: number
  readonly batchMax: number
}

export type Chosen = { readonly instanceId: string; readonly because: string }

/** Null where there is nothing to choose between, or nothing known to choose by. */
export function chooseInstance(
  stages: readonly StageAhead[],
  targetMs: number,
  rule: LateRule = pipelinesConfig.lateRule,
): Chosen | null {
  const [first, ...rest] = stages
  if (first === undefined || shapesOf(first).length < 2) return null
  const own = optionsOf(first, Math.min(first.batchMax, first.queued + 1))
  // A later stage that nobody can foresee says nothing about this one.
  const later: Option[][] = []
  for (const stage of rest) {
    const options = optionsOf(stage, stage.batchMax)
    if (options.length === 0) break
    later.push(options)
  }
  if (own.length === 0) return null
  const prepared = prepareStages([own, ...later], pipelinesConfig.answers)
  const starts = pathsToBegin(prepared, targetMs, busyShareOf(stages), rule).map((path) => startOf(path, own))
  const minimum = own.reduce((least, option) => (option.share < least.share ? option : least))
  const alone = { choices: [own.indexOf(minimum)], timeMs: minimum.timeMs, cost: minimum.cost }
  const shapeOf = new Map(first.instances.map((instance) => [instance.id, keyOf(instance)]))
  const fits = (start: Start, place: Place): boolean =>
    place.freeUnits > 0 && own[start.configuration]!.key === shapeOf.get(place.id)
  const places = first.instances.map((instance) => placeOf(instance, first))
  // One request does not wait for rounds: where nothing fits, any instance will do.
  const queue = { targetMs, starts, minimum: startOf(alone, own), rounds: pipelinesConfig.recheckRounds }
  const decided = dispatch(queue, places, fits)
  return decided.kind === 'wait' ? null : { instanceId: decided.place.id, because: decided.because }
}

/** Of the GPUs that the group's instances have, by what may still be sent there. */
function busyShareOf(stages: readonly StageAhead[]): number {
  let [busy, all] = [0, 0]
  for (const { inFlight, inFlightMax, shape } of stages.flatMap(({ instances }) => instances)) {
    const share = partOfGpu(shape)
    all += share
    busy += share * (inFlightMax === 0 ? 1 : Math.min(1, inFlight / inFlightMax))
  }
  return all === 0 ? 0 : busy / all
}

/** A batch of so many on instances of one shape. */
type Option = Configuration & { readonly key: string; readonly share: number; readonly batch: number }

function optionsOf(stage: StageAhead, batchMost: number): Option[] {
  return shapesOf(stage).flatMap((instance) => {
    const { shape, deviceModel } = instance
    const share = partOfGpu(shape)
    return batchesUpTo(batchMost).flatMap((batch) => {
      const timeMs = stage.latency(deviceModel, batch, shape)
      if (timeMs === null) return []
      return [{ key: keyOf(instance), share, batch, timeMs, cost: (share * timeMs) / batch }]
    })
  })
}

function partOfGpu({ smMilli, requestMilli }: Shape): number {
  return ((smMilli === 0 ? 1_000 : smMilli) * requestMilli) / 1_000_000
}

function batchesUpTo(most: number): readonly number[] {
  const batches: number[] = []
  for (let batch = 1; batch < most; batch *= 2) batches.push(batch)
  return [...batches, most]
}

function startOf({ choices, timeMs, cost }: ChosenPath, own: readonly Option[]): Start {
  const configuration = choices[0]!
  const { timeMs: execMs, share, batch } = own[configuration]!
  return { configuration, units: 1, execMs, restMs: timeMs - execMs, cost, costPerMs: share / batch }
}

/** It is warm and its inputs are near: what differs is what it has to do before. */
function placeOf(instance: RunningInstance, { latency, batchMax }: StageAhead): Place {
  const { deviceModel, shape } = instance
  const eachMs = batchesUpTo(batchMax).map((batch) => (latency(deviceModel, batch, shape) ?? Infinity) / batch)
  const perRequestMs = Math.min(...eachMs)
  return {
    id: instance.id,
    freeUnits: instance.inFlightMax - instance.inFlight,
    isWarm: true,
    hasInputs: true,
    isHome: false,
    waitMs: instance.inFlight === 0 ? 0 : instance.inFlight * perRequestMs,
    coldStartMs: 0,
    transferMs: 0,
  }
}

/** One instance of each. */
function shapesOf({ instances }: StageAhead): readonly RunningInstance[] {
  return [...new Map(instances.map((instance) => [keyOf(instance), instance])).values()]
}

function keyOf({ deviceModel, shape }: RunningInstance): string {
  return `${deviceModel} ${shape.smMilli} ${shape.requestMilli} ${shape.limitMilli}`
}
