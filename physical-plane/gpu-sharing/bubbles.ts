// Bubbles of a training process after SpecInF (arXiv 2503.02550; its thresholds are not public, these are ours): when nothing of it
// is on the device, for how long that will last, and how long an iteration takes. Iterations repeat, so a bubble is predicted from
// the bubbles at the same position of the iterations before it: by a low quartile, since what overshoots costs the training and a
// pause says nothing of the next bubble. Evidence, cheapest first: its host waits or has stopped launching; its queue on the device
// is empty although it has not synchronised; only communication kernels of it are there. Pure.
import type { SharingConfig } from './config.ts'
import { percentileOf } from './cycles.ts'
import type { SlotReading } from './layout.ts'
import { queueDoneNs } from './readings.ts'

export type BubbleState = 'BUSY' | 'PROBE' | 'OPEN'
export type BubbleEvidence = 'host' | 'device' | 'communication'

export type BubbleModel = {
  readonly state: BubbleState
  readonly evidence: BubbleEvidence | null
  /** Since when it has been in a bubble; 0 while it is in none. */
  readonly idleSinceNs: number
  /** How long this bubble, or the next, is expected to be; null without history. */
  readonly predictedUs: number | null
  /** The newest bubbles that no synchronisation began; those of empty queues as far as ticks see them. */
  readonly unsyncedUs: readonly number[]
  /** Bubbles of one iteration. */
  readonly period: number
  /** Set at the tick that saw an iteration end. */
  readonly endedIterationUs: number | null
  /** Of the newest iterations, weighted to the newest; null without history. */
  readonly iterationUs: number | null
  /** Time in bubbles, since the process was first seen; and in the last tick. */
  readonly bubbleNs: number
  readonly bubbleNsInTick: number
  readonly lastStartNs: number
  readonly gaps: readonly Gap[]
  readonly starts: readonly Start[]
}

/** The time without work after busy time number `index`. */
type Gap = { readonly index: number; readonly us: number }
type Start = { readonly index: number; readonly ns: number }
type Config = SharingConfig['bubbles']

export const noBubbles: BubbleModel = {
  state: 'BUSY',
  evidence: null,
  idleSinceNs: 0,
  predictedUs: null,
  unsyncedUs: [],
  period: 1,
  endedIterationUs: null,
  iterationUs: null,
  bubbleNs: 0,
  bubbleNsInTick: 0,
  lastStartNs: 0,
  gaps: [],
  starts: [],
}

export function watchBubbles(
  before: BubbleModel,
  reading: SlotReading,
  nowNs: number,
  elapsedNs: number,
  config: Config,
): BubbleModel {
  const { evidence, sinceNs } = evidenceOf(reading, nowNs)
  const idleUs = evidence === null ? 0 : (nowNs - sinceNs) / 1000
  const state = idleUs >= config.openUs ? 'OPEN' : idleUs >= config.probeUs ? 'PROBE' : 'BUSY'
  const history = withStart(before, reading, config)
  const hasEnded = isUnsynced(before.evidence) && evidence !== before.evidence
  const lastedUs = (endOf(before, reading, nowNs, elapsedNs) - before.idleSinceNs) / 1000
  const unsyncedUs = hasEnded ? [...before.unsyncedUs.slice(1 - config.foreseenFrom), lastedUs] : before.unsyncedUs
  // The gap after the busy time that has ended last, or that is going on.
  const index = reading.cycles + (reading.isBusy ? 1 : 0)
  const bubbleNsInTick = bubbleTime(before, reading, evidence === null ? 0 : sinceNs, nowNs, elapsedNs)
  return {
    ...history,
    state,
    evidence,
    idleSinceNs: evidence === null ? 0 : sinceNs,
    predictedUs: isUnsynced(evidence)
      ? shortOf(unsyncedUs, config)
      : predict(history.gaps, history.period, index, config),
    unsyncedUs,
    bubbleNs: before.bubbleNs + bubbleNsInTick,
    bubbleNsInTick,
  }
}

function isUnsynced(evidence: BubbleEvidence | null): boolean {
  return evidence === 'device' || evidence === 'communication'
}

function evidenceOf(
  reading: SlotReading,
  nowNs: number,
): { readonly evidence: BubbleEvidence | null; readonly sinceNs: number } {
  if (reading.launches === 0) return { evidence: null, sinceNs: 0 }
  if (reading.idleSinceNs > 0)
    return { evidence: reading.isBusy ? 'device' : 'host', sinceNs: Math.min(reading.idleSinceNs, nowNs) }
  const doneNs = queueDoneNs(reading)
  if (reading.isBusy && doneNs !== null && doneNs < nowNs) return { evidence: 'device', sinceNs: doneNs }
  if (!reading.onlyCommunicates) return { evidence: null, sinceNs: 0 }
  return { evidence: 'communication', sinceNs: Math.min(reading.communicatesSinceNs, nowNs) }
}

/** When a bubble that no synchronisation began was over: what it waited for has come, it has launched again, or between two ticks. */
function endOf(before: BubbleModel, reading: SlotReading, nowNs: number, elapsedNs: number): number {
  if (reading.idleSinceNs > before.idleSinceNs) return Math.min(reading.idleSinceNs, nowNs)
  if (reading.busySinceNs > before.idleSinceNs)
    return Math.max(before.idleSinceNs, reading.busySinceNs - reading.hostGapNs)
  return Math.max(before.idleSinceNs, nowNs - elapsedNs / 2)
}

type History = Pick<BubbleModel, 'gaps' | 'starts' | 'period' | 'iterationUs' | 'endedIterationUs' | 'lastStartNs'>

/** Takes in the newest start of busy time. Starts that came and went between two ticks are skipped; numbers keep the place. */
function withStart(before: BubbleModel, reading: SlotReading, config: Config): BubbleModel & History {
  const ns = reading.busySinceNs
  if (ns === 0 || ns === before.lastStartNs) return { ...before, endedIterationUs: null }
  const index = reading.isBusy ? reading.cycles : Math.max(0, reading.cycles - 1)
  const isFirst = before.lastStartNs === 0
  // A counter that went back is another life of the process, or nonsense: history begins again.
  if (ns < before.lastStartNs || index < (before.starts.at(-1)?.index ?? 0))
    return { ...before, gaps: [], starts: [{ index, ns }], lastStartNs: ns, endedIterationUs: null, period: 1 }
  const gaps = isFirst
    ? before.gaps
    : [...before.gaps.slice(1 - config.historyGaps), { index, us: reading.hostGapNs / 1000 }]
  const starts = [...before.starts.slice(1 - config.historyGaps), { index, ns }]
  const period = periodOf(gaps, config)
  const begun = starts.findLast((start) => start.index === index - period)
  const endedIterationUs = begun === undefined ? null : (ns - begun.ns) / 1000
  // Counted once an iteration, not at each of its bubbles.
  const isEnd = endedIterationUs !== null && index % period === 0
  const iterationUs = !isEnd ? before.iterationUs : weighted(before.iterationUs, endedIterationUs, config.weight)
  return {
    ...before,
    gaps,
    starts,
    period,
    lastStartNs: ns,
    iterationUs,
    endedIterationUs: isEnd ? endedIterationUs : null,
  }
}

/**
 * The fewest bubbles an iteration that explain the gaps about as well as any number does, and twice as well as one bubble would: a
 * change of the training's ways is no period. A pause counts as little more than the longest gap that is usual.
 */
function periodOf(gaps: readonly Gap[], config: Config): number {
  const usual = percentileOf(
    gaps.map((gap) => gap.us),
    90,
  )
  const clipped = gaps.map(({ index, us }) => ({ index, us: Math.min(us, 2 * usual) }))
  const errors = Array.from({ length: config.periodMax }, (_, less) => spread(clipped, less + 1))
  const best = Math.min(...errors)
  if (!Number.isFinite(best) || best > errors[0]! / 2) return 1
  const mean = clipped.reduce((total, gap) => total + gap.us, 0) / gaps.length
  return errors.findIndex((error) => error <= best * 1.2 + mean * 0.02) + 1
}

/** Mean distance of gaps from the middle one at their position; Infinity where positions have too few to say. */
function spread(gaps: readonly Gap[], period: number): number {
  if (gaps.length < period * 3) return period === 1 && gaps.length > 0 ? Number.MAX_VALUE : Infinity
  let total = 0
  for (let position = 0; position < period; position++) {
    const here = gaps.filter((gap) => gap.index % period === position).map((gap) => gap.us)
    const middle = percentileOf(here, 50)
    total += here.reduce((sum, us) => sum + Math.abs(us - middle), 0)
  }
  return total / gaps.length
}

function predict(gaps: readonly Gap[], period: number, index: number, config: Config): number | null {
  const here = gaps.filter((gap) => gap.index % period === index % period).map((gap) => gap.us)
  return shortOf(here.slice(-config.foreseenFrom), config)
}

function shortOf(newestUs: readonly number[], config: Config): number | null {
  return newestUs.length === 0 ? null : percentileOf(newestUs, config.foreseenPercentile)
}

/** Time in bubbles since the last tick, from the newest edges: exact but for bubbles that began and ended between two ticks. */
function bubbleTime(
  before: BubbleModel,
  reading: SlotReading,
  sinceNs: number,
  nowNs: number,
  elapsedNs: number,
): number {
  const lastNs = nowNs - elapsedNs
  if (sinceNs > 0) return Math.min(elapsedNs, nowNs - Math.max(sinceNs, lastNs))
  const isNewStart = reading.busySinceNs !== before.lastStartNs && before.lastStartNs !== 0
  if (before.evidence === null) return isNewStart ? Math.min(elapsedNs, reading.hostGapNs) : 0
  const endNs = isNewStart ? reading.busySinceNs : nowNs
  return Math.min(elapsedNs, Math.max(0, endNs - lastNs))
}

function weighted(before: number | null, value: number, weight: number): number {
  return before === null ? value : before + weight * (value - before)
}
