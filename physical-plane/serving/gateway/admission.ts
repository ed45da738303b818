// Whether a request is taken: pure. A request that finds room at an instance always is. One that would have to wait is taken while the
// line, at the rate measured, lets it be answered within its objective and its deadline; otherwise it is refused at once, which costs
// nothing and tells the client when to come again. Where nobody answers yet, requests wait in a shorter line until somebody does.
import type { GatewayConfig } from './config.ts'

export type Load = {
  readonly queued: number
  readonly inFlight: number
  /** As many as all instances may have at once; 0 while nobody answers. */
  readonly inFlightMax: number
  /** Requests a second that were answered while others waited; null while nothing is known. */
  readonly ratePerSecond: number | null
  /** From an instance's getting a request to its answer; null while nothing is known. */
  readonly servedMs: number | null
}

export type Bounds = {
  /** Null: any latency within the deadline will do. */
  readonly sloMs: number | null
  /** Requests that wait at most; 0: as the objective lets. */
  readonly queueMax: number
}

export type Admission =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly because: string; readonly retryAfterMs: number; readonly isCold: boolean }

const taken: Admission = { kind: 'taken' }

export function admit(load: Load, bounds: Bounds, leftMs: number, config: GatewayConfig): Admission {
  const { queued, inFlight, inFlightMax } = load
  if (inFlightMax > 0 && queued === 0 && inFlight < inFlightMax) return taken
  if (inFlightMax === 0) return admitCold(queued, bounds, config)
  const queueMax = bounds.queueMax > 0 ? Math.min(bounds.queueMax, config.queuedMax) : config.queuedMax
  const expectedMs = expectedAnswerMs(load)
  if (queued >= queueMax) {
    const because = `${queued} requests wait, as many as may`
    return refused(because, expectedMs === null ? config.retryAfterMsMin : expectedMs / 2, config)
  }
  if (expectedMs === null) return taken
  const { sloMs } = bounds
  const allowedMs = Math.min(leftMs, sloMs === null ? Infinity : sloMs * config.sloPartAnswered)
  if (expectedMs <= allowedMs) return taken
  const limit = sloMs !== null && sloMs < leftMs ? `its objective is ${whole(sloMs)}` : `it has ${whole(leftMs)} left`
  const because = `${queued} requests wait and an answer would take ${whole(expectedMs)}, but ${limit}`
  return refused(because, expectedMs - allowedMs, config)
}

/** How long a request that comes now would take; null while nothing is known. */
export function expectedAnswerMs({ queued, inFlightMax, ratePerSecond, servedMs }: Load): number | null {
  if (servedMs === null) return null
  // By Little's law what is in flight, over how long it is.
  const perMs = ratePerSecond === null ? inFlightMax / Math.max(servedMs, 0.001) : ratePerSecond / 1_000
  return perMs <= 0 ? null : (queued + 1) / perMs + servedMs
}

function admitCold(queued: number, { queueMax }: Bounds, config: GatewayConfig): Admission {
  const coldMax = queueMax > 0 ? Math.min(queueMax, config.queuedColdMax) : config.queuedColdMax
  if (queued < coldMax) return taken
  const because = `no instance answers yet and ${queued} requests wait already`
  return { kind: 'refused', because, retryAfterMs: 1_000, isCold: true }
}

function refused(because: string, afterMs: number, config: GatewayConfig): Admission {
  const retryAfterMs = Math.min(config.retryAfterMsMax, Math.max(config.retryAfterMsMin, Math.ceil(afterMs)))
  return { kind: 'refused', because, retryAfterMs, isCold: false }
}

function whole(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`
}
