// What the functions of one region want, second by second: gathers samples from what their instances tell and lets the pure
// policies decide. Functions that nobody has instances of any more are remembered for a while, as their next request may come.
import { scaleLazily, type Bounds, type Sample, type Scaling } from './dilu-lazy.ts'
import { idleConfig, idleWindows, isWarm, type IdleGap } from './idle-windows.ts'

export type ServingInstance = {
  readonly instanceId: string
  readonly attempt: number
  readonly isReady: boolean
  readonly requests: number
  readonly latencyMs: number
  readonly requestsPerSecond: number
  readonly capacityPerSecond: number
  /** It has all that it may have of its device. */
  readonly isVerticalExhausted: boolean
}

export type ServingFunction = {
  readonly functionId: string
  readonly bounds: Bounds
  /** Null: any latency will do. */
  readonly sloMs: number | null
  readonly instances: readonly ServingInstance[]
}

type Known = {
  scaling: Scaling
  bounds: Bounds
  /** Requests of each run, as it said last. */
  counts: Map<string, number>
  lastRequestAtMs: number
  gaps: IdleGap[]
  seenAtMs: number
}

/** After this a function without instances is forgotten. */
const forgetAfterMs = 3_600_000

export class FunctionScaler {
  readonly #known = new Map<string, Known>()

  /** Once a second; `functions` are those with instances here. */
  sample(functions: readonly ServingFunction[], nowMs: number): void {
    for (const each of functions) this.#sampleOne(each, nowMs)
    for (const [functionId, known] of this.#known) {
      if (nowMs - known.seenAtMs > forgetAfterMs) this.#known.delete(functionId)
      else if (known.seenAtMs < nowMs) this.#keepWarm(known, nowMs)
    }
  }

  /** Instances that each function should have here, within its bounds. */
  wanted(): Record<string, number> {
    return Object.fromEntries([...this.#known].map(([functionId, { scaling }]) => [functionId, scaling.wanted]))
  }

  /** Why the number changed last. */
  because(functionId: string): string {
    return this.#known.get(functionId)?.scaling.because ?? ''
  }

  /** Nobody wants it here any more. */
  forget(functionId: string): void {
    this.#known.delete(functionId)
  }

  #sampleOne({ functionId, bounds, sloMs, instances }: ServingFunction, nowMs: number): void {
    const known = this.#known.get(functionId) ?? begun(bounds, instances, nowMs)
    this.#known.set(functionId, known)
    const requests = newRequests(known, instances)
    const elapsedSeconds = Math.max(0.001, (nowMs - known.seenAtMs) / 1_000)
    known.seenAtMs = nowMs
    known.bounds = bounds
    if (requests > 0) noteRequests(known, nowMs)
    const ready = instances.filter(({ isReady }) => isReady)
    const capacities = ready.map(({ capacityPerSecond }) => capacityPerSecond).filter((capacity) => capacity > 0)
    const sample: Sample = {
      requestsPerSecond: requests / elapsedSeconds,
      instances: ready.length,
      capacityPerSecond: capacities.length === 0 ? 0 : capacities.reduce((a, b) => a + b) / capacities.length,
      isSloMissed: sloMs !== null && ready.some((one) => one.requestsPerSecond > 0 && one.latencyMs > sloMs),
      isVerticalExhausted: ready.length > 0 && ready.every((one) => one.isVerticalExhausted),
    }
    known.scaling = scaleLazily(known.scaling, sample, bounds)
    this.#keepWarm(known, nowMs)
  }

  /** Between none and one, where none is allowed. */
  #keepWarm(known: Known, nowMs: number): void {
    const { scaling, bounds } = known
    if (bounds.min > 0 || scaling.wanted > 1) return
    const idleMs = nowMs - known.lastRequestAtMs
    const windows = idleWindows(known.gaps, nowMs)
    const wanted = isWarm(idleMs, windows) ? 1 : 0
    if (wanted === scaling.wanted) return
    const { preWarmMs, keepAliveMs } = windows
    const told = `idle for ${seconds(idleMs)}, begins again at ${seconds(preWarmMs)}, kept until ${seconds(keepAliveMs)}`
    known.scaling = { wanted, samples: [], because: told }
  }
}

function begun(bounds: Bounds, instances: readonly ServingInstance[], nowMs: number): Known {
  const wanted = Math.min(bounds.max, Math.max(1, bounds.min, instances.length))
  const scaling = { wanted, samples: [], because: '' }
  return { scaling, bounds, counts: new Map(), lastRequestAtMs: nowMs, gaps: [], seenAtMs: nowMs }
}

/** Of a run that was not known before all that it has answered; one that is gone takes its count along. */
function newRequests(known: Known, instances: readonly ServingInstance[]): number {
  const counts = new Map<string, number>()
  let added = 0
  for (const { instanceId, attempt, requests } of instances) {
    const name = `${instanceId}#${attempt}`
    added += Math.max(0, requests - (known.counts.get(name) ?? 0))
    counts.set(name, requests)
  }
  known.counts = counts
  return added
}

function noteRequests(known: Known, nowMs: number): void {
  const ms = nowMs - known.lastRequestAtMs
  // Requests of two seconds that follow each other are no gap.
  if (ms > 1_500) known.gaps = [...known.gaps, { endedAtMs: nowMs, ms }].slice(-idleConfig.gapsMax)
  known.lastRequestAtMs = nowMs
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`
}
