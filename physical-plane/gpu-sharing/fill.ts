// Filling the bubbles of a training that comes first (SpecInF, arXiv 2503.02550; reconstruction): how much of a predicted bubble
// may be used, and a guard that compares iterations with filling to iterations without. More than 3 % slower: the budget halves;
// otherwise it grows by a tenth. The barrier in the interposer ends filling at the training's first launch, whatever is said
// here; this decides what may still be in flight then. Pure.
import type { BubbleModel } from './bubbles.ts'
import type { SharingConfig } from './config.ts'

export type FillModel = {
  /** Part of a predicted bubble that may be filled. */
  readonly budget: number
  /** Nothing may be filled until so many solo iterations have been seen. */
  readonly soloLeft: number
  readonly soloUs: number | null
  readonly filledUs: number | null
  /** Filled iterations since the budget changed, and since the last solo one. */
  readonly sinceChange: number
  readonly sinceSolo: number
  /** Filled in this iteration so far. */
  readonly filledNs: number
  /** Since when no iteration has ended. */
  readonly silentSinceNs: number
  /** Bubbles of an iteration, as last recognised: when that changes, another thing is measured. */
  readonly period: number
  readonly because: string
}

type Config = SharingConfig['fill']

export function beginFilling(nowNs: number, config: Config): FillModel {
  return {
    budget: 1,
    soloLeft: config.soloIterations,
    soloUs: null,
    filledUs: null,
    sinceChange: 0,
    sinceSolo: 0,
    filledNs: 0,
    silentSinceNs: nowNs,
    period: 1,
    because: `measures ${config.soloIterations} iterations without filling first`,
  }
}

/** `filledNs`: device time that confined clients were charged since the last tick. */
export function guardFilling(
  before: FillModel,
  bubbles: BubbleModel,
  filledNs: number,
  nowNs: number,
  config: Config,
): FillModel {
  if (bubbles.period !== before.period)
    return { ...beginFilling(nowNs, config), period: bubbles.period, budget: before.budget }
  const inIteration = before.filledNs + filledNs
  const us = bubbles.endedIterationUs
  if (us === null) return { ...before, filledNs: inIteration }
  const next = { ...before, filledNs: 0, silentSinceNs: nowNs }
  if (inIteration / 1000 < config.soloBelow * us) return withSolo(next, us, config)
  return withFilled(next, us, config)
}

export type Opening = {
  readonly isOpen: boolean
  /** Nothing is launched that would end later; 0: no such limit. */
  readonly openUntilNs: number
  /** The same for the bubble that comes, from its beginning: the interposer needs no tick to know when that was. */
  readonly bubbleUs: number
  /** How long the primary must have been idle before anything is launched. */
  readonly barrierUs: number
  readonly because: string
}

/** What fillers may do now beside one primary. */
export function openingOf(
  fill: FillModel,
  bubbles: BubbleModel,
  nowNs: number,
  { fill: config, bubbles: times }: Pick<SharingConfig, 'fill' | 'bubbles'>,
): Opening {
  const isWorthIt = bubbles.predictedUs !== null && bubbles.predictedUs >= times.openUs
  const barrierUs = isWorthIt ? times.eagerUs : times.probeUs
  const isBlind = (nowNs - fill.silentSinceNs) / 1e6 > config.blindAfterMs
  if (isBlind)
    return {
      isOpen: true,
      openUntilNs: 0,
      bubbleUs: 0,
      barrierUs,
      because: 'has no iterations to guard by: fills whenever its device is empty',
    }
  if (fill.soloLeft > 0) return { isOpen: false, openUntilNs: nowNs, bubbleUs: 0, barrierUs, because: fill.because }
  const { evidence, predictedUs, idleSinceNs } = bubbles
  const expected = predictedUs === null ? 'unknown length' : `${(predictedUs / 1000).toFixed(1)} ms expected`
  const because = `${bubbleWords(bubbles, nowNs)}, ${expected}; ${fill.because}`
  const bubbleUs = isWorthIt ? Math.max(1, Math.round(fill.budget * bubbles.predictedUs)) : 0
  // Between bubbles the length alone is known.
  if (idleSinceNs === 0 || predictedUs === null) return { isOpen: true, openUntilNs: 0, bubbleUs, barrierUs, because }
  const endNs = idleSinceNs + fill.budget * predictedUs * 1000
  // A bubble that outlasts its prediction is filled on: it may last for long, and its end is then as likely at any time.
  // So is one that began without a synchronisation: ticks see its length coarsely.
  const isFree = fill.budget >= 1 && (nowNs > endNs || evidence !== 'host')
  if (isFree) return { isOpen: true, openUntilNs: 0, bubbleUs: 0, barrierUs, because }
  return { isOpen: true, openUntilNs: Math.max(1, Math.round(endNs)), bubbleUs, barrierUs, because }
}

export type OnlineRequest = {
  /** Device time that it needs. */
  readonly serviceMs: number
  /** Device time of those before it. */
  readonly queuedMs: number
  readonly sloMs: number
}

export type Admission = { readonly isAdmitted: boolean; readonly finishMs: number; readonly because: string }

/**
 * Whether a request fits its objective when it is served in bubbles alone; otherwise it belongs on another instance. The worst
 * case counts: the bubble has just ended. `bubbleMs` is what an iteration has of bubbles, `budget` how much of that is used.
 */
export function admitOnline(
  request: OnlineRequest,
  primary: { readonly iterationMs: number; readonly bubbleMs: number; readonly budget: number },
): Admission {
  const usableMs = Math.max(0, primary.bubbleMs * primary.budget)
  const workMs = request.queuedMs + request.serviceMs
  const closedMs = Math.max(0, primary.iterationMs - usableMs)
  const rounds = usableMs <= 0 ? Infinity : Math.ceil(workMs / usableMs)
  const finishMs = rounds * closedMs + workMs
  const isAdmitted = finishMs <= request.sloMs
  const figures = `${workMs.toFixed(1)} ms of work in bubbles of ${usableMs.toFixed(1)} of ${primary.iterationMs.toFixed(1)} ms`
  const because = `${figures}: done within ${finishMs.toFixed(1)} ms, ${isAdmitted ? 'in' : 'beyond'} ${request.sloMs} ms`
  return { isAdmitted, finishMs, because }
}

function withSolo(fill: FillModel, us: number, config: Config): FillModel {
  const soloUs = fill.soloUs === null ? us : fill.soloUs + config.weight * (us - fill.soloUs)
  const soloLeft = Math.max(0, fill.soloLeft - 1)
  const because =
    soloLeft > 0
      ? `measures ${soloLeft} more iterations without filling`
      : `iterations take ${ms(soloUs)} without filling`
  return { ...fill, soloUs, soloLeft, sinceSolo: 0, because }
}

function withFilled(fill: FillModel, us: number, config: Config): FillModel {
  const filledUs = fill.filledUs === null ? us : fill.filledUs + config.weight * (us - fill.filledUs)
  const sinceSolo = fill.sinceSolo + 1
  const sinceChange = fill.sinceChange + 1
  // What was still in flight when filling was closed ends in an iteration that should have been solo: it does not count.
  const soloLeft = fill.soloLeft > 0 ? fill.soloLeft : sinceSolo >= config.soloEvery ? 1 : 0
  const next = { ...fill, filledUs, sinceSolo: soloLeft > 0 ? 0 : sinceSolo, sinceChange, soloLeft }
  if (fill.soloUs === null || sinceChange < config.patience) return next
  const loss = filledUs / fill.soloUs - 1
  const figures = `iterations take ${ms(filledUs)}, ${(100 * loss).toFixed(1)} % over ${ms(fill.soloUs)} without filling`
  if (loss > config.guard) {
    const budget = Math.max(config.budgetMin, fill.budget / 2)
    return { ...next, budget, sinceChange: 0, filledUs: null, because: `${figures}: budget halved to ${part(budget)}` }
  }
  const budget = Math.min(1, fill.budget * config.growth)
  return { ...next, budget, sinceChange: 0, because: `${figures}: budget ${part(budget)}` }
}

function bubbleWords({ state, evidence, idleSinceNs }: BubbleModel, nowNs: number): string {
  if (evidence === null) return 'the training is busy'
  return `${state}: the training has been idle for ${((nowNs - idleSinceNs) / 1e6).toFixed(1)} ms (${evidence})`
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(1)} ms`
}

function part(budget: number): string {
  return `${(100 * budget).toFixed(0)} %`
}
