// A decision that is being made: what a policy has done so far to the instances and devices of its view, so that each step sees the
// ones before it, and no device is given out twice. Ends as a list of actions, one an instance at most.
import { assert } from '#runtime/assert.ts'
import type { Action, ScaledDevice, ScaledInstance, ScalingView, Shape } from './autoscaler.ts'

export type Drafted = {
  readonly id: string
  readonly deviceId: string | null
  readonly shape: Shape
  readonly isReady: boolean
  readonly isNew: boolean
}

export class Draft {
  readonly #view: ScalingView
  readonly #drafted: Drafted[]
  readonly #reasons = new Map<string, string>()
  readonly #removed: Action[] = []
  #added = 0

  constructor(view: ScalingView) {
    this.#view = view
    this.#drafted = view.instances.map(({ id, deviceId, shape, isReady }) => {
      return { id, deviceId, shape, isReady, isNew: false }
    })
  }

  /** In order of birth, new ones last. */
  get instances(): readonly Drafted[] {
    return this.#drafted
  }

  /** Those of the view and the fresh ones that were begun, with all that is on them now. */
  devices(): readonly ScaledDevice[] {
    const before = new Map(this.#view.instances.map((instance) => [instance.id, instance]))
    const known = this.#view.devices.map((device) => {
      const shapes = [...device.shapes]
      for (const one of before.values()) if (one.deviceId === device.id) take(shapes, one.shape)
      for (const one of this.#drafted) if (one.deviceId === device.id) shapes.push(one.shape)
      const newcomers = this.#drafted.filter((one) => one.isNew && one.deviceId === device.id).length
      return { ...device, shapes, memoryFreeBytes: device.memoryFreeBytes - newcomers * this.#view.memoryBytes }
    })
    return known
  }

  resize(id: string, shape: Shape, because: string): void {
    const at = this.#drafted.findIndex((one) => one.id === id)
    assert(at !== -1, 'who is resized is there')
    this.#drafted[at] = { ...this.#drafted[at]!, shape }
    this.#reasons.set(id, because)
  }

  add(deviceId: string | null, shape: Shape, because: string): void {
    const id = `new-${(this.#added += 1)}`
    this.#drafted.push({ id, deviceId, shape, isReady: false, isNew: true })
    this.#reasons.set(id, because)
  }

  remove(id: string, because: string): void {
    const at = this.#drafted.findIndex((one) => one.id === id)
    assert(at !== -1, 'who is removed is there')
    const [gone] = this.#drafted.splice(at, 1)
    if (gone?.isNew !== true) this.#removed.push({ kind: 'remove', instanceId: id, because })
  }

  /** What is given back first: less of others, then those that go, then those that get more, then those that come. */
  actions(): readonly Action[] {
    const before = new Map(this.#view.instances.map((instance) => [instance.id, instance]))
    const resized = this.#drafted.flatMap(
      ({ id, shape }): readonly { readonly less: boolean; readonly action: Action }[] => {
        const was: ScaledInstance | undefined = before.get(id)
        if (was === undefined || isSame(was.shape, shape)) return []
        const action = { kind: 'resize', instanceId: id, shape, because: this.#reasons.get(id) ?? '' } as const
        return [{ less: shape.requestMilli <= was.shape.requestMilli, action }]
      },
    )
    const added = this.#drafted.flatMap(({ id, isNew, deviceId, shape }): readonly Action[] =>
      isNew ? [{ kind: 'add', deviceId, shape, because: this.#reasons.get(id) ?? '' }] : [],
    )
    const of = (less: boolean): readonly Action[] =>
      resized.filter((one) => one.less === less).map(({ action }) => action)
    return [...of(true), ...this.#removed, ...of(false), ...added]
  }
}

/** By numbers alone, with the shape that the function's file asks for: the newest go first, of those the ones that are not ready yet. */
export function toCount(view: ScalingView, wanted: number, because: string): readonly Action[] {
  const { instances, instancesMin, instancesMax } = view
  const count = Math.min(Math.max(1, instancesMax), Math.max(1, instancesMin, wanted))
  const more = Array.from({ length: Math.max(0, count - instances.length) }, (): Action => {
    return { kind: 'add', deviceId: null, shape: view.shape, because }
  })
  const leaving = instances
    .map((instance, age) => ({ ...instance, age }))
    .toSorted((a, b) => Number(a.isReady) - Number(b.isReady) || b.age - a.age)
    .slice(0, Math.max(0, instances.length - count))
  return [...leaving.map(({ id }): Action => ({ kind: 'remove', instanceId: id, because })), ...more]
}

function take(shapes: Shape[], shape: Shape): void {
  const at = shapes.findIndex((one) => isSame(one, shape))
  if (at !== -1) shapes.splice(at, 1)
}

function isSame(a: Shape, b: Shape): boolean {
  return a.smMilli === b.smMilli && a.requestMilli === b.requestMilli && a.limitMilli === b.limitMilli
}
