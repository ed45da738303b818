// Views of a function for tests: one instance with a third of one GPU, and a world in which actions are done as they are decided.
import type { Action, Autoscaler, LatencyModel, ScaledInstance, ScalingView, Second, Shape } from './autoscaler.ts'

export const shapeOf = (smMilli: number, requestMilli: number, limitMilli = requestMilli): Shape => {
  return { smMilli, requestMilli, limitMilli }
}

export const aSecond = (fields: Partial<Second> = {}): Second => {
  const { arrived = 0 } = fields
  return {
    atMs: 0,
    arrived,
    answered: arrived,
    refused: 0,
    overSlo: 0,
    queued: 0,
    inFlight: 0,
    latencyMs: 10,
    ...fields,
  }
}

/** The same second so many times. */
export const seconds = (count: number, fields: Partial<Second> = {}): readonly Second[] =>
  Array.from({ length: count }, (_, at) => aSecond({ atMs: 1_000 * (at + 1), ...fields }))

export const anInstance = (fields: Partial<ScaledInstance> = {}): ScaledInstance => {
  const shape = fields.shape ?? shapeOf(300, 300)
  const { id = 'a', deviceId = 'gpu-0', isReady = true, bornAtMs = 0 } = fields
  return { id, deviceId, shape, isReady, bornAtMs, quotaMilli: shape.requestMilli, measuredPerSecond: 0, ...fields }
}

/** 10 ms for one request on a whole GPU, 4 ms for each more; in proportion with less time, saturating at half of the multiprocessors. */
export const smoothLatency: LatencyModel = (_, batch, { smMilli, requestMilli }) =>
  ((6 + 4 * batch) * 500 * 1_000) / (Math.min(500, smMilli === 0 ? 1_000 : smMilli) * requestMilli)

/** Devices hold what the instances have, unless they are given. */
export const aView = (fields: Partial<ScalingView> = {}): ScalingView => {
  const instances = fields.instances ?? [anInstance()]
  return {
    nowMs: 100_000,
    history: seconds(60, { arrived: 10 }),
    instances,
    devices: ['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3'].map((id) => ({
      id,
      model: 'v100',
      shapes: instances.filter(({ deviceId }) => deviceId === id).map(({ shape }) => shape),
      memoryFreeBytes: 16e9,
      usdPerHour: 2,
    })),
    latency: smoothLatency,
    slo: { latencyMs: 200, percentile: 99 },
    instancesMin: 1,
    instancesMax: 8,
    batchMax: 4,
    shape: shapeOf(300, 300),
    memoryBytes: 1e9,
    canReshape: true,
    coldStartMs: 5_000,
    ...fields,
  }
}

export type World = {
  readonly instances: readonly ScaledInstance[]
  readonly actions: readonly (Action & { readonly atSecond: number })[]
}

/** Second by second with these requests; a fresh device where none is named. Instances answer `coldStartMs` after they begin. */
export function live(
  policy: Autoscaler,
  load: readonly (number | Partial<Second>)[],
  { instances: first, ...fields }: Partial<ScalingView> = {},
): World {
  let instances: readonly ScaledInstance[] = first ?? [anInstance()]
  let memory = policy.initial
  let born = 0
  const history: Second[] = []
  const actions: (Action & { readonly atSecond: number })[] = []
  for (const [at, each] of load.entries()) {
    const nowMs = 1_000 * (at + 1)
    history.push(aSecond({ atMs: nowMs, ...(typeof each === 'number' ? { arrived: each } : each) }))
    const fresh = instances.map(({ deviceId }) => deviceId).filter((id) => id.startsWith('fresh'))
    const ids = ['gpu-0', 'gpu-1', ...new Set(fresh)]
    const devices = ids.map((id) => {
      const shapes = instances.filter(({ deviceId }) => deviceId === id).map(({ shape }) => shape)
      return { id, model: 'v100', shapes, memoryFreeBytes: 16e9, usdPerHour: 2 }
    })
    const view = aView({ ...fields, nowMs, history: history.slice(-120), instances, devices })
    const decided = policy.decide(view, memory)
    memory = decided.memory
    for (const action of decided.actions) {
      actions.push({ ...action, atSecond: at + 1 })
      instances = done(instances, action, nowMs, () => `i-${(born += 1)}`)
    }
    instances = instances.map((one) => ({ ...one, isReady: one.isReady || nowMs - one.bornAtMs >= view.coldStartMs }))
  }
  return { instances, actions }
}

/** What a view is like once an action is done. */
export function done(
  instances: readonly ScaledInstance[],
  action: Action,
  nowMs: number,
  newId: () => string,
): readonly ScaledInstance[] {
  switch (action.kind) {
    case 'resize':
      return instances.map((one) =>
        one.id === action.instanceId ? { ...one, shape: action.shape, quotaMilli: action.shape.limitMilli } : one,
      )
    case 'remove':
      return instances.filter(({ id }) => id !== action.instanceId)
    case 'add': {
      const id = newId()
      const deviceId = action.deviceId ?? `fresh-${id}`
      const quotaMilli = action.shape.limitMilli
      return [
        ...instances,
        { id, deviceId, shape: action.shape, isReady: false, bornAtMs: nowMs, quotaMilli, measuredPerSecond: 0 },
      ]
    }
  }
}
