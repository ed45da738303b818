// How many requests an instance may have at once: additive increase while it answers in time with all that it may have, and a cut once
// it does not (AIMD, as TCP finds its window). More in flight fills batches; too much only moves the line into the instance, where
// nobody can leave it. Pure.
import type { GatewayConfig } from './config.ts'

export type InFlightLimit = {
  readonly limit: number
  /** It is not cut again before this: what was sent before the cut says nothing about it. */
  readonly nextCutAtMs: number
}

export type InFlightBounds = { readonly min: number; readonly max: number }

export function inFlightBounds(batchMax: number, config: GatewayConfig): InFlightBounds {
  const max = Math.min(config.inFlightMax, Math.max(config.inFlightMin, batchMax * config.batchesInFlight))
  return { min: Math.min(max, config.inFlightMin), max }
}

export function begunLimit({ max }: InFlightBounds): InFlightLimit {
  return { limit: max, nextCutAtMs: 0 }
}

/** After an answer that took `tookMs` at the instance, which had `inFlight` with it. */
export function adjustLimit(
  now: InFlightLimit,
  answer: { readonly nowMs: number; readonly tookMs: number; readonly inFlight: number },
  sloMs: number | null,
  { min, max }: InFlightBounds,
  config: GatewayConfig,
): InFlightLimit {
  if (sloMs === null) return now.limit === max ? now : { limit: max, nextCutAtMs: 0 }
  const { nowMs, tookMs, inFlight } = answer
  if (tookMs > sloMs * config.sloPartInFlight) {
    if (nowMs < now.nextCutAtMs) return now
    return { limit: Math.max(min, now.limit * config.inFlightCut), nextCutAtMs: nowMs + tookMs }
  }
  // Whoever is not full says nothing about more.
  if (now.limit >= max || inFlight < Math.floor(now.limit)) return now
  return { limit: Math.min(max, now.limit + 1 / now.limit), nextCutAtMs: now.nextCutAtMs }
}
