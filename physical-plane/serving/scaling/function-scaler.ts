// What the functions of one region want, second by second: shows each function's policy what its gateway and its instances tell, and
// keeps what it decided until it is so. Between a decision and the instance that it begins lie the control plane and a start; until
// then the policy sees a place that is taken but not ready, so that it neither asks twice nor takes back. Functions that nobody has
// instances of any more are remembered for a while, as their next request may come.
import type { Action, Autoscaler, ScalingView, Second, Shape } from './autoscaler.ts'
import { autoscalerOf, isAutoscalerName } from './policies.ts'
import { isProfiled, latencyModelOf } from './predict-latency.ts'
import { nothingCounted, secondOf, whatCame, type Counted } from './serving-seconds.ts'
import {
  newestSpecFirst,
  settle,
  slotsAfter,
  started,
  viewOf,
  type Leaving,
  type ServingFunction,
  type Slot,
} from './serving-view.ts'

export type { ServingFunction, ServingInstance } from './serving-view.ts'

/** Instances that a function should have here; '' is one that is to begin. */
export type Wish = {
  readonly instances: readonly { readonly id: string; readonly shape: Shape }[]
  readonly because: string
}

type Known = {
  policy: Autoscaler
  memory: unknown
  slots: readonly Slot[]
  leaving: Leaving
  counted: Counted
  /** Counted from instances, where there is no gateway. */
  seconds: readonly Second[]
  coldStartMs: number
  because: string
  seenAtMs: number
  /** As it was seen last. */
  function: ServingFunction
  latency: ScalingView['latency']
  profile: string
}

/** After this a function without instances is forgotten. */
const forgetAfterMs = 3_600_000
const secondsMax = 120
/** Until a start was seen. */
const coldStartMsGuess = 10_000

export class FunctionScaler {
  readonly #known = new Map<string, Known>()

  /** Once a second; `functions` are those with instances here, or with a gateway that answers for them. */
  sample(functions: readonly ServingFunction[], nowMs: number): void {
    for (const each of functions) this.#sampleOne(each, nowMs)
    for (const [functionId, known] of this.#known) {
      if (nowMs - known.seenAtMs > forgetAfterMs) this.#known.delete(functionId)
      else if (known.seenAtMs < nowMs) this.#decide(known, { ...known.function, instances: [], history: [] }, nowMs)
    }
  }

  /** Before the second is over: those that have no instances and for which none is to begin yet. */
  wake(functions: readonly ServingFunction[], nowMs: number): void {
    for (const each of functions) {
      const slots = this.#known.get(each.functionId)?.slots ?? []
      if (slots.length === 0) this.#sampleOne(each, nowMs)
    }
  }

  /** Instances that each function should have here, within its bounds. */
  wanted(): Record<string, number> {
    return Object.fromEntries([...this.#known].map(([functionId, { slots }]) => [functionId, slots.length]))
  }

  /** The same by instance, with their shares. While others of an older spec are replaced, those are not named. */
  wishes(): Record<string, Wish> {
    return Object.fromEntries(
      [...this.#known].map(([functionId, { slots, because, function: of }]): [string, Wish] => {
        const outdated = new Set(of.instances.flatMap((one) => (one.isOutdated === true ? [one.instanceId] : [])))
        const instances = slots.map(({ id, shape }) => ({ id: id === null || outdated.has(id) ? '' : id, shape }))
        return [functionId, { instances, because }]
      }),
    )
  }

  /** Why the number or a share changed last. */
  because(functionId: string): string {
    return this.#known.get(functionId)?.because ?? ''
  }

  /** Nobody wants it here any more. */
  forget(functionId: string): void {
    this.#known.delete(functionId)
  }

  #sampleOne(of: ServingFunction, nowMs: number): void {
    const known = this.#known.get(of.functionId) ?? begun(of, nowMs)
    this.#known.set(of.functionId, known)
    const name = nameOf(of)
    if (known.policy.name !== name)
      Object.assign(known, { policy: autoscalerOf(name), memory: autoscalerOf(name).initial })
    const profile = JSON.stringify(of.profile ?? [])
    if (profile !== known.profile) Object.assign(known, { profile, latency: latencyOf(of) })
    const elapsedMs = nowMs - known.seenAtMs
    const { second, counted } = secondOf(known.counted, of, nowMs, elapsedMs)
    known.counted = counted
    known.seconds = [...known.seconds, second].slice(-secondsMax)
    known.seenAtMs = nowMs
    known.function = of
    this.#decide(known, of, nowMs)
  }

  #decide(known: Known, of: ServingFunction, nowMs: number): void {
    const instances = newestSpecFirst(of.instances)
    const settled = settle(known, instances, nowMs)
    known.leaving = settled.leaving
    const begin = started(settled.slots, instances, nowMs)
    known.coldStartMs = begin.coldStartMs ?? known.coldStartMs
    const isThere = known.seenAtMs === nowMs
    const history = isThere ? whatCame(of.history ?? [], known.seconds) : []
    const { latency, coldStartMs } = known
    const { slots } = begin
    const view = viewOf(of, instances, slots, { nowMs, history, latency, coldStartMs })
    const { actions, memory } = known.policy.decide(view, known.memory)
    known.memory = memory
    known.slots = slotsAfter(slots, actions, nowMs)
    known.leaving = leavingAfter(known.leaving, actions, nowMs)
    known.because = actions[0]?.because ?? known.because
  }
}

function begun(of: ServingFunction, nowMs: number): Known {
  const policy = autoscalerOf(nameOf(of))
  return {
    policy,
    memory: policy.initial,
    slots: [],
    leaving: new Map(),
    counted: nothingCounted,
    seconds: [],
    coldStartMs: coldStartMsGuess,
    because: '',
    seenAtMs: nowMs,
    function: of,
    latency: latencyOf(of),
    profile: JSON.stringify(of.profile ?? []),
  }
}

/** One that only a newer agent knows is answered by the default. */
function nameOf({ autoscaler = '' }: ServingFunction): string {
  return autoscaler !== '' && isAutoscalerName(autoscaler) ? autoscaler : 'hybrid'
}

function leavingAfter(before: Leaving, actions: readonly Action[], nowMs: number): Leaving {
  const gone = actions.flatMap((action) => (action.kind === 'remove' ? [action.instanceId] : []))
  return gone.length === 0 ? before : new Map([...before, ...gone.map((id) => [id, nowMs] as const)])
}

/** A profile that can not be is none: the others go on, and this one by what is measured. */
function latencyOf({ profile = [] }: ServingFunction): ScalingView['latency'] {
  return profile.every(isProfiled) ? latencyModelOf(profile) : () => null
}
