// A function's seconds as its instances tell them, where no gateway does: what they answered since the second before. What waits or was
// refused nobody can tell then.
import type { Second } from './autoscaler.ts'
import type { ServingFunction } from './serving-view.ts'

/** Requests of each run, as it said last. */
export type Counted = { readonly requests: ReadonlyMap<string, number> }

export function secondOf(
  before: Counted,
  { instances, sloMs }: Pick<ServingFunction, 'instances' | 'sloMs'>,
  nowMs: number,
  elapsedMs: number,
): { readonly second: Second; readonly counted: Counted } {
  const requests = new Map<string, number>()
  let added = 0
  for (const { instanceId, attempt, requests: told } of instances) {
    const name = `${instanceId}#${attempt}`
    // Of a run that was not known before all that it has answered; one that is gone takes its count along.
    added += Math.max(0, told - (before.requests.get(name) ?? 0))
    requests.set(name, told)
  }
  const ready = instances.filter(({ isReady, requestsPerSecond }) => isReady && requestsPerSecond > 0)
  const latencyMs = ready.reduce((most, one) => Math.max(most, one.latencyMs), 0)
  const arrived = added / Math.max(0.001, elapsedMs / 1_000)
  const overSlo = sloMs !== null && latencyMs > sloMs ? arrived : 0
  const second = { atMs: nowMs, arrived, answered: arrived, refused: 0, overSlo, queued: 0, inFlight: 0, latencyMs }
  return { second, counted: { requests } }
}
