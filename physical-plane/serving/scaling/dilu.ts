// Dilu's two dimensions (ASPLOS'25): a burst is met at once by the GPU's manager, which moves quotas between request and limit, and
// numbers follow lazily (dilu-lazy.ts). Numbers only: what an instance is promised stays what the function's file says.
import type { Autoscaler, ScalingView } from './autoscaler.ts'
import { instancePerSecond } from './capacity.ts'
import { scaleLazily, type Sample, type Scaling } from './dilu-lazy.ts'
import { toCount } from './draft.ts'

/** Null before the first second: it goes on from the instances that it finds. */
export type DiluMemory = Scaling | null

export const dilu: Autoscaler<DiluMemory> = {
  name: 'dilu',
  initial: null,
  decide: (view, memory) => {
    const bounds = { min: Math.max(1, view.instancesMin), max: Math.max(1, view.instancesMax) }
    const begun = Math.min(bounds.max, Math.max(bounds.min, view.instances.length))
    const before = memory ?? { wanted: begun, samples: [], because: '' }
    const next = scaleLazily(before, sampleOf(view), bounds)
    const because = next.because === '' ? `${next.wanted} instances are wanted` : next.because
    return { actions: toCount(view, next.wanted, because), memory: next }
  },
}

function sampleOf(view: ScalingView): Sample {
  const { history, instances, slo } = view
  const last = history.at(-1)
  const ready = instances.filter(({ isReady }) => isReady)
  const capacities = ready.map((one) => instancePerSecond(view, one)).filter((capacity) => capacity > 0)
  return {
    requestsPerSecond: last?.arrived ?? 0,
    instances: ready.length,
    capacityPerSecond: capacities.length === 0 ? 0 : capacities.reduce((a, b) => a + b) / capacities.length,
    isSloMissed: slo !== null && (last?.answered ?? 0) > 0 && (last?.latencyMs ?? 0) > slo.latencyMs,
    isVerticalExhausted: ready.length > 0 && ready.every(({ quotaMilli, shape }) => quotaMilli >= shape.limitMilli),
  }
}
