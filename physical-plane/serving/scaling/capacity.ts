// What an instance can answer: from how long its batches take, and how long a request may. A request that comes when a batch has
// just begun waits for that one and then for its own: so a batch may take half of the objective (INFless and ParvaGPU have the
// same rule), and a shape on which not even a batch of one does is none to choose.
import type { ScaledInstance, ScalingView, Second, Shape } from './autoscaler.ts'

export const capacityConfig = {
  /** Of the objective that a batch may take. */
  sloShare: 0.5,
  withoutSloMs: 2_000,
} as const

export type Capacity = {
  readonly perSecond: number
  readonly batch: number
  /** Of one such batch. */
  readonly latencyMs: number
}

export type CapacityView = Pick<ScalingView, 'latency' | 'slo' | 'batchMax'>

/** At the batch that answers most in time. Null where nobody has profiled it; `perSecond` 0 where no batch is quick enough. */
export function capacityOf(view: CapacityView, deviceModel: string, shape: Shape): Capacity | null {
  const withinMs = view.slo === null ? Number.POSITIVE_INFINITY : view.slo.latencyMs * capacityConfig.sloShare
  let best: Capacity | null = null
  for (const batch of batchSizes(view.batchMax)) {
    const latencyMs = view.latency(deviceModel, batch, shape)
    if (latencyMs === null) return null
    const perSecond = latencyMs <= withinMs ? (1_000 * batch) / latencyMs : 0
    if (best === null || perSecond > best.perSecond) best = { perSecond, batch, latencyMs }
  }
  return best
}

/**
 * Requests a second that may come, at random, while the objective is kept. A request waits for at most `slo - L` before its own batch of
 * L must begin; what comes in that time, and as many standard deviations more as the percentile asks for, has to be answered in it:
 * rate + z sqrt(rate / (slo - L)) <= batch / L. Without an objective two seconds are taken. Null where nobody has profiled it.
 */
export function safeRateOf(view: CapacityView, deviceModel: string, shape: Shape): number | null {
  const sloMs = view.slo?.latencyMs ?? capacityConfig.withoutSloMs
  const z = deviationsOf(view.slo?.percentile ?? 50)
  let best = 0
  for (const batch of batchSizes(view.batchMax)) {
    const latencyMs = view.latency(deviceModel, batch, shape)
    if (latencyMs === null) return null
    if (view.slo !== null && latencyMs > sloMs * capacityConfig.sloShare) continue
    const spread = z / Math.sqrt(Math.max(latencyMs, sloMs - latencyMs) / 1_000)
    const root = (-spread + Math.sqrt(spread ** 2 + (4_000 * batch) / latencyMs)) / 2
    best = Math.max(best, root ** 2)
  }
  return best
}

/** What an instance answers a second with what it is guaranteed: by its profile, or as it was measured; 0 while nobody knows. */
export function instancePerSecond(view: ScalingView, { deviceId, shape, measuredPerSecond }: ScaledInstance): number {
  return capacityOf(view, deviceModelOf(view, deviceId), shape)?.perSecond ?? measuredPerSecond
}

export function deviceModelOf({ devices }: Pick<ScalingView, 'devices'>, deviceId: string): string {
  return devices.find(({ id }) => id === deviceId)?.model ?? devices[0]?.model ?? ''
}

/** Mean of a figure over the newest so many seconds; over what there is where there are fewer. */
export function meanOver(history: readonly Second[], seconds: number, figure: (second: Second) => number): number {
  const recent = history.slice(-seconds)
  return recent.length === 0 ? 0 : recent.reduce((sum, second) => sum + figure(second), 0) / recent.length
}

/** Requests that are asked for at once: those that wait and those that are being answered. */
export const concurrencyOf = ({ queued, inFlight }: Second): number => queued + inFlight

/** Powers of two, and the most that is allowed. */
function batchSizes(batchMax: number): readonly number[] {
  const sizes: number[] = []
  for (let batch = 1; batch < batchMax; batch *= 2) sizes.push(batch)
  return [...sizes, Math.max(1, batchMax)]
}

/** Standard deviations of a normal distribution that hold so many per cent below them, linear between the usual ones. */
export function deviationsOf(percentile: number): number {
  const known = normalQuantiles
  const at = known.findIndex(([percent]) => percent >= percentile)
  if (at === -1) return known.at(-1)![1]
  if (at === 0) return known[0]![1]
  const [low, zLow] = known[at - 1]!
  const [high, zHigh] = known[at]!
  return zLow + ((zHigh - zLow) * (percentile - low)) / (high - low)
}

const normalQuantiles: readonly (readonly [number, number])[] = [
  [50, 0],
  [75, 0.674],
  [90, 1.282],
  [95, 1.645],
  [98, 2.054],
  [99, 2.326],
  [99.5, 2.576],
  [99.9, 3.09],
]
