// Kernel launch cycles: how long a latency client is busy at a time, from its first launch to the return of the synchronisation
// that found nothing more. Dilu's evidence (arXiv 2503.05130), here in microseconds instead of windows of 5 ms and relative to
// a base of the same size class, so that cycles of 2 ms count and a larger batch is not taken for trouble. Pure.
import type { SharingConfig } from './config.ts'

export type CycleModel = {
  readonly classes: ReadonlyMap<number, SizeClass>
  /** Inflation D: how much longer cycles take than their base, weighted to the newest; null without evidence. */
  readonly inflation: number | null
  /** Cycles that `inflation` has taken in, since it began or was reset. */
  readonly taken: number
  readonly seen: number
  /** The newest, in order: what stands for latency where nobody measures it. */
  readonly newestUs: readonly number[]
}

type SizeClass = {
  readonly newestUs: readonly number[]
  readonly baseUs: number
  readonly sinceBase: number
  /** `seen` of the model at the newest cycle: the class that was silent longest goes first. */
  readonly lastSeen: number
}

type Config = SharingConfig['cycles']

export const noCycles: CycleModel = { classes: new Map(), inflation: null, taken: 0, seen: 0, newestUs: [] }

/** `workNs`: device time that one of these cycles was charged on average; 0 where it is not known. */
export function addCycles(
  model: CycleModel,
  cyclesUs: readonly number[],
  workNs: number,
  outlier: number,
  config: Config,
): CycleModel {
  let next = model
  for (const us of cyclesUs) next = addCycle(next, us, workNs, outlier, config)
  return next
}

/** After an action: what comes now is judged afresh, so that one bout of trouble is not answered twice. */
export function forgetInflation(model: CycleModel): CycleModel {
  return { ...model, inflation: null, taken: 0 }
}

/**
 * What stands for latency where nobody measures it: a high percentile of the newest cycles; the middle one while they are few, so
 * that neither a bad start is a verdict nor an inflation that the objective can afford; null without evidence.
 */
export function cycleLatencyUs({ newestUs }: CycleModel, config: Config): number | null {
  if (newestUs.length < config.evidence) return null
  return percentileOf(newestUs, newestUs.length < config.latencyEvidence ? 50 : 95)
}

function addCycle(model: CycleModel, us: number, workNs: number, outlier: number, config: Config): CycleModel {
  const key = sizeOf(workNs)
  const seen = model.seen + 1
  const size = withCycle(model.classes.get(key), us, seen, config)
  const classes = new Map(model.classes).set(key, size)
  if (classes.size > config.classesMax) classes.delete(oldestOf(classes))
  const newestUs = [...model.newestUs.slice(1 - config.latencyWindow), us]
  if (size.newestUs.length < config.evidence) return { ...model, classes, seen, newestUs }
  const ratio = Math.min(Math.max(us, config.noiseUs) / Math.max(size.baseUs, config.noiseUs), outlier)
  const before = model.inflation ?? 1
  return {
    classes,
    seen,
    newestUs,
    inflation: before + config.weight * (ratio - before),
    taken: model.taken + 1,
  }
}

function withCycle(size: SizeClass | undefined, us: number, seen: number, config: Config): SizeClass {
  const newestUs = [...(size?.newestUs.slice(1 - config.window) ?? []), us]
  const sinceBase = (size?.sinceBase ?? 0) + 1
  // Sorting 200 numbers at every cycle of every client would be the dearest part of a tick.
  const isDue = size === undefined || newestUs.length <= 2 * config.evidence || sinceBase >= config.evidence
  if (!isDue) return { newestUs, baseUs: size.baseUs, sinceBase, lastSeen: seen }
  return { newestUs, baseUs: percentileOf(newestUs, config.basePercentile), sinceBase: 0, lastSeen: seen }
}

/** Half octaves of charged work: a batch of twice the size is two classes away. */
function sizeOf(workNs: number): number {
  return workNs <= 0 ? -1 : Math.round(2 * Math.log2(Math.max(workNs, 1000)))
}

function oldestOf(classes: ReadonlyMap<number, SizeClass>): number {
  let oldest = -1
  let lastSeen = Infinity
  for (const [key, size] of classes)
    if (size.lastSeen < lastSeen) {
      oldest = key
      lastSeen = size.lastSeen
    }
  return oldest
}

/** Nearest rank. */
export function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.ceil((percentile / 100) * sorted.length)
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] ?? 0
}
