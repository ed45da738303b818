// What an instance can count on of its device: its limit, where all on the device could have theirs at once; what it is guaranteed
// otherwise. So a policy that wants so much time for an instance guarantees it two thirds of that and lets it take the rest: who works
// now and then is as quick as with all of it, and is billed for what it takes. Where others come who may want as much the limit
// counts no more, and the guarantee has to be raised.
import type { Action, ScaledDevice, ScalingView, Shape } from './autoscaler.ts'
import { rowsOf } from './rows.ts'

export const countedConfig = {
  /** Of what it guarantees that an instance may take, at most. */
  limitShare: 1.5,
  /** Thousandths of a device's time; nothing below is guaranteed. */
  requestMilliMin: 100,
} as const

/** The view in which every shape has what can be counted on as its request and as its limit. */
export function asCounted(view: ScalingView): ScalingView {
  const sure = new Set(view.devices.filter(isSure).map(({ id }) => id))
  return {
    ...view,
    shape: countedOf(view.shape, true),
    instances: view.instances.map((one) => ({ ...one, shape: countedOf(one.shape, sure.has(one.deviceId)) })),
    devices: view.devices.map((device) => ({
      ...device,
      shapes: device.shapes.map((shape) => countedOf(shape, sure.has(device.id))),
    })),
  }
}

/** Actions of such a view as shares of the devices that `view` has; and less of a guarantee where the limit alone will do by now. */
export function asShares(actions: readonly Action[], view: ScalingView): readonly Action[] {
  const deviceOf = new Map(view.instances.map(({ id, deviceId }) => [id, deviceId]))
  const unsure = new Set(view.devices.filter((device) => !isSure(device)).map(({ id }) => id))
  const changed = actions.map((action): Action => {
    if (action.kind === 'remove') return action
    const deviceId = action.kind === 'add' ? action.deviceId : (deviceOf.get(action.instanceId) ?? null)
    return deviceId !== null && unsure.has(deviceId) ? action : { ...action, shape: shareOf(action.shape) }
  })
  const touched = new Set(actions.flatMap((action) => (action.kind === 'add' ? [] : [action.instanceId])))
  const known = new Set(view.devices.map(({ id }) => id))
  const eased = view.instances.flatMap(({ id, deviceId, shape }): readonly Action[] => {
    const share = shareOf({ ...shape, requestMilli: shape.limitMilli })
    const isEased = known.has(deviceId) && !unsure.has(deviceId) && share.requestMilli < shape.requestMilli
    if (touched.has(id) || !isEased) return []
    return [{ kind: 'resize', instanceId: id, shape: share, because: 'its limit can be counted on' }]
  })
  return [...eased, ...changed]
}

/** So much time, two thirds of it guaranteed. */
export function shareOf({ smMilli, requestMilli: quotaMilli }: Shape): Shape {
  const { limitShare, requestMilliMin } = countedConfig
  const guaranteed = Math.max(requestMilliMin, Math.ceil(quotaMilli / limitShare))
  return { smMilli, requestMilli: Math.min(quotaMilli, guaranteed), limitMilli: quotaMilli }
}

/** One row of each size, as whoever has it may be put into one. */
function isSure({ shapes }: ScaledDevice): boolean {
  const rows = rowsOf(shapes.map((shape) => countedOf(shape, true)))
  return (
    rows.every(({ requestMilli }) => requestMilli <= 1_000) &&
    rows.reduce((sum, { smMilli }) => sum + smMilli, 0) <= 1_000
  )
}

function countedOf({ smMilli, requestMilli, limitMilli }: Shape, isLimit: boolean): Shape {
  const quotaMilli = isLimit ? limitMilli : requestMilli
  return { smMilli, requestMilli: quotaMilli, limitMilli: quotaMilli }
}
