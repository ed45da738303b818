// A function's seconds as its instances tell them: what they answered since the second before. What waits or was refused they can not
// tell; so it is the gateway that is believed, where there is one and requests come by it.
import type { Second } from './autoscaler.ts'
import type { ServingFunction } from './serving-view.ts'

/** Requests of each run, and those of them that were late, as it said last. */
export type Counted = { readonly requests: ReadonlyMap<string, number>; readonly late: ReadonlyMap<string, number> }

export const nothingCounted: Counted = { requests: new Map(), late: new Map() }

const comparedSeconds = 10

/**
 * The gateway's seconds; those of the instances where they have answered more than twice as much lately, since clients may ask
 * instances as well. Both are oldest first, and go to now.
 */
export function whatCame(gateway: readonly Second[], counted: readonly Second[]): readonly Second[] {
  if (gateway.length === 0) return counted
  const sumOf = (seconds: readonly Second[]): number =>
    seconds.slice(-comparedSeconds).reduce((sum, { arrived }) => sum + arrived, 0)
  if (sumOf(counted) <= 2 * sumOf(gateway)) return gateway
  // With the gateway's clock, so that a later look knows what is new.
  const offMs = gateway.at(-1)!.atMs - counted.at(-1)!.atMs
  return counted.map((second) => ({ ...second, atMs: second.atMs + offMs }))
}

export function secondOf(
  before: Counted,
  { instances, sloMs }: Pick<ServingFunction, 'instances' | 'sloMs'>,
  nowMs: number,
  elapsedMs: number,
): { readonly second: Second; readonly counted: Counted } {
  const requests = new Map<string, number>()
  const late = new Map<string, number>()
  let [added, lateAdded] = [0, 0]
  for (const { instanceId, attempt, requests: told, overSlo: lateTold = 0 } of instances) {
    const name = `${instanceId}#${attempt}`
    // Of a run that was not known before all that it has answered; one that is gone takes its count along.
    added += Math.max(0, told - (before.requests.get(name) ?? 0))
    lateAdded += Math.max(0, lateTold - (before.late.get(name) ?? 0))
    requests.set(name, told)
    late.set(name, lateTold)
  }
  const ready = instances.filter(({ isReady, requestsPerSecond }) => isReady && requestsPerSecond > 0)
  const told = ready.reduce((most, one) => Math.max(most, one.latencyMs), 0)
  // An instance tells of its last ten seconds: one request that was late is in one of them, not in all.
  const latencyMs = sloMs !== null && lateAdded === 0 ? Math.min(told, sloMs) : told
  // What was answered before an agent that starts again looked is no load of now.
  const arrived = elapsedMs <= 0 ? 0 : added / (elapsedMs / 1_000)
  const isLate = sloMs !== null && latencyMs > sloMs
  const overSlo = isLate ? Math.min(arrived, elapsedMs <= 0 ? 0 : lateAdded / (elapsedMs / 1_000)) : 0
  const second = { atMs: nowMs, arrived, answered: arrived, refused: 0, overSlo, queued: 0, inFlight: 0, latencyMs }
  return { second, counted: { requests, late } }
}
