// From a snapshot to what must change for functions that answer requests: pure, level-triggered and idempotent, as for jobs. In
// each of its places a function has as many instances as its agent's scaler asks for, within its bounds. What is run otherwise
// now is replaced one by one: a new instance is ready before an old one goes, unless there is no room for both.
import { noActions, type Actions, type FunctionUpdate, type Resized } from '#control-plane/model/actions.ts'
import type { FunctionRoom } from '#control-plane/model/function-room.ts'
import type { InstanceEvent } from '#control-plane/model/history.ts'
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import { instancesByJob } from '#control-plane/model/instance-groups.ts'
import { hasEnded, type Agent, type Instance, type Snapshot } from '#control-plane/model/snapshot.ts'
import { defaultPruneAfterMs, functionBackOffMs, functionBackOffMsMax, functionMovesAfterMs } from './config.ts'
import { changesIn, isReady, type PlaceChanges } from './function-place.ts'
import { standingOfFunction } from './function-state.ts'

export function reconcileFunctions(snapshot: Snapshot, room: FunctionRoom): Actions {
  const { functions = [], nowMs } = snapshot
  if (functions.length === 0) return noActions
  const byJob = instancesByJob(snapshot)
  const agents = new Map(snapshot.agents.map((agent) => [agent.region, agent]))
  const updates: FunctionUpdate[] = []
  const newInstances: Instance[] = []
  const releasedInstanceIds: string[] = []
  const resized: Resized[] = []
  const events: InstanceEvent[] = []
  for (const each of functions) {
    const next = reconcileOne({ nowMs, agents, room }, each, byJob.get(each.id) ?? [])
    const change = changeOf(each, next.function)
    if (change !== null) updates.push({ id: each.id, ifRevision: each.revision, change })
    newInstances.push(...next.create)
    releasedInstanceIds.push(...next.releaseIds)
    resized.push(...next.resize)
    events.push(...eventsOf(each, next, nowMs))
  }
  return {
    ...noActions,
    functions: updates.sort((a, b) => (a.id < b.id ? -1 : 1)),
    newInstances: newInstances.sort((a, b) => (a.id < b.id ? -1 : 1)),
    releasedInstanceIds: releasedInstanceIds.sort(),
    ...(resized.length === 0 ? {} : { resized: resized.sort((a, b) => (a.id < b.id ? -1 : 1)) }),
    ...(events.length === 0 ? {} : { events }),
  }
}

type Context = {
  readonly nowMs: number
  readonly agents: ReadonlyMap<string, Agent>
  readonly room: FunctionRoom
}

type Next = {
  readonly function: InferenceFunction
  readonly create: readonly Instance[]
  readonly releaseIds: readonly string[]
  readonly resize: readonly Resized[]
}

function reconcileOne(context: Context, before: InferenceFunction, instances: readonly Instance[]): Next {
  if (before.state === 'deleting') return takeDown(context, before, instances)
  const failed = instances.filter(({ state, isReleased }) => state === 'failed' && !isReleased)
  const counted = countFailures(context, before, instances, failed)
  const live = instances.filter((instance) => !instance.isReleased && !hasEnded(instance))
  const places = placesOf(context, counted, live)
  const changes = places.map((region): PlaceChanges => {
    const isSeen = context.agents.get(region)?.isConnected === true
    const mayBegin = context.nowMs >= counted.retryAtMs
    return changesIn({ function: counted, region, instances, isSeen, mayBegin, room: context.room })
  })
  const create = numbered(
    counted,
    changes.flatMap(({ create: asked }) => asked),
  )
  // Elsewhere they stay until its places answer, so that a region that comes back is no outage.
  const areServed = changes.every(({ ready, wanted }) => ready >= wanted)
  const elsewhere = areServed ? live.filter(({ region }) => !places.includes(region)) : []
  const released = [...changes.flatMap(({ release }) => release), ...elsewhere, ...failed]
  const releaseIds = [...new Set(released.map(({ id }) => id))]
  const after: InferenceFunction = {
    ...counted,
    places,
    nextInstance: counted.nextInstance + create.length,
    older: counted.older.filter(({ version }) => live.some((instance) => instance.functionVersion === version)),
  }
  const standing = standingOfFunction(after, changes, failed, context.nowMs, context.room)
  const resize = changes.flatMap((change) => change.resize)
  return { function: { ...after, ...standing }, create, releaseIds, resize }
}

/** An instance that its agent gave up is followed by another one after a while that grows; one that answers ends the count. */
function countFailures(
  { nowMs }: Context,
  before: InferenceFunction,
  instances: readonly Instance[],
  failed: readonly Instance[],
): InferenceFunction {
  const isOfNow = ({ functionVersion }: Instance): boolean => functionVersion === before.version
  if (failed.some(isOfNow)) {
    const failures = before.failures + 1
    const waitMs = Math.min(functionBackOffMsMax, functionBackOffMs * 2 ** Math.min(20, failures - 1))
    return { ...before, failures, retryAtMs: nowMs + waitMs }
  }
  const answers = instances.some((instance) => isOfNow(instance) && isReady(instance))
  return answers && before.failures > 0 ? { ...before, failures: 0, retryAtMs: 0 } : before
}

/** What the spec names; otherwise where it is, until that can not be, and then where there is room at the lowest price. */
function placesOf(
  { nowMs, agents, room }: Context,
  of: InferenceFunction,
  live: readonly Instance[],
): readonly string[] {
  if (of.spec.regions.length > 0) return of.spec.regions.toSorted()
  const [place] = of.places
  if (place !== undefined) {
    const agent = agents.get(place)
    const isLost = agent?.isConnected !== true && nowMs - (agent?.lastHeartbeatAtMs ?? 0) > functionMovesAfterMs
    // Its instances hold their units; without any, there has to be room for one.
    const hasAny = live.some(({ region }) => region === place)
    if (!isLost && (hasAny || of.spec.instancesMax === 0)) return of.places
    const others = room.regions(of.spec)
    if (!isLost && others.includes(place)) return of.places
    return others.length > 0 ? others.slice(0, 1) : of.places
  }
  return room.regions(of.spec).slice(0, 1)
}

function numbered(of: InferenceFunction, asked: readonly Omit<Instance, 'id'>[]): readonly Instance[] {
  return asked.map((instance, i) => ({ ...instance, id: `${of.id}/${instance.region}/${of.nextInstance + i}` }))
}

/** Its instances end what they have begun; it is gone once nothing of it runs where the control plane can see it. */
function takeDown({ nowMs, agents }: Context, before: InferenceFunction, instances: readonly Instance[]): Next {
  const releaseIds = instances.filter(({ isReleased }) => !isReleased).map(({ id }) => id)
  const isGone = ({ region }: Instance): boolean => {
    const agent = agents.get(region)
    return agent === undefined || (!agent.isConnected && nowMs - agent.lastHeartbeatAtMs > defaultPruneAfterMs)
  }
  const left = instances.filter((instance) => !hasEnded(instance) && !isGone(instance))
  if (left.length > 0 || releaseIds.length > 0) {
    const reason = `${left.length} instances end what they have begun`
    return { function: { ...before, reason }, create: [], releaseIds, resize: [] }
  }
  return {
    function: { ...before, state: 'deleted', reason: 'deleted', endedAtMs: nowMs },
    create: [],
    releaseIds,
    resize: [],
  }
}

/** What its history says of this decision; what instances do themselves their agents tell. */
function eventsOf(before: InferenceFunction, next: Next, nowMs: number): readonly InstanceEvent[] {
  const event = (kind: string, instanceId: string, text: string): InstanceEvent => {
    return { jobId: before.id, instanceId, attempt: 0, kind, text, atMs: nowMs }
  }
  const { wishes = {}, wanted, spec } = next.function
  const why = (region: string): string => {
    const said = wishes[region]?.because ?? ''
    return `${wanted[region] ?? Math.max(1, spec.instancesMin)} are wanted in ${region}${said === '' ? '' : `: ${said}`}`
  }
  const moved = next.function.places.join(', ') !== before.places.join(', ')
  return [
    ...(moved ? [event('placed', '', `in ${next.function.places.join(', ') || 'no region'}`)] : []),
    ...next.create.map(({ id, region }) => event('wanted', id, why(region))),
    ...next.releaseIds.map((id) => event('released', id, why(regionOf(before.id, id)))),
    ...next.resize.map(({ id, gpuShare: { requestMilli, limitMilli } }) => {
      const said = wishes[regionOf(before.id, id)]?.because ?? ''
      return event(
        'resized',
        id,
        `request ${requestMilli / 1000}, limit ${limitMilli / 1000}${said === '' ? '' : `: ${said}`}`,
      )
    }),
    ...(next.function.state !== before.state ? [event(next.function.state, '', next.function.reason)] : []),
  ]
}

/** An instance's id is its function's, its region and a number. */
function regionOf(functionId: string, id: string): string {
  return id.slice(functionId.length + 1, id.lastIndexOf('/'))
}

/** The fields that differ; null when none does. */
function changeOf(before: InferenceFunction, after: InferenceFunction): Partial<InferenceFunction> | null {
  const keys = Object.keys(after) as (keyof InferenceFunction)[]
  const differing = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  return differing.length === 0 ? null : Object.fromEntries(differing.map((key) => [key, after[key]]))
}
