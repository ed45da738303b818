// Filling the bubbles of a training that comes first (SpecInF, arXiv 2503.02550; reconstruction): how much of a predicted bubble
// may be used, and a guard that keeps account of what filling costs. Each iteration owes what it took beyond one without filling, at
// most what was filled, and is allowed a little under 3 %; where what is owed piles up the budget halves, and it grows by tenths once
// nothing is owed. So a loss of 10 % is cut within some iterations and a rare one in the end, and work too long for the budget is
// tried again. The barrier in the interposer ends filling at the training's first launch; this decides what is in flight then. Pure.
import type { BubbleModel } from './bubbles.ts'
import type { SharingConfig } from './config.ts'
import { percentileOf } from './cycles.ts'

export type FillModel = {
  /** Part of a predicted bubble that may be filled. */
  readonly budget: number
  /** Nothing may be filled until so many solo iterations have been seen. */
  readonly soloLeft: number
  /** Since when no more than one solo iteration was wanted at a time; 0 while several are. */
  readonly openSinceNs: number
  /** The middle of the newest solo iterations. */
  readonly soloUs: number | null
  readonly solosUs: readonly number[]
  /** Of iterations with filling since the budget changed, weighted to the newest. */
  readonly filledUs: number | null
  /** Cost of filling beyond the aim that is not made good yet, and how much that was when the budget changed. */
  readonly owedUs: number
  readonly owedAtChangeUs: number
  /** Iterations since the budget changed, and since the last solo one. */
  readonly sinceChange: number
  readonly sinceSolo: number
  /** What was changed on suspicion: restored if it is the training itself that has become slower. */
  readonly suspected: { readonly budget: number; readonly filledUs: number } | null
  /** Filled in this iteration so far, and in the one before: what is filled at the end of one delays the next. */
  readonly filledNs: number
  readonly filledBeforeNs: number
  /** In this iteration it has stopped for so long that this says nothing of filling. */
  readonly hasPaused: boolean
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
    openSinceNs: 0,
    soloUs: null,
    solosUs: [],
    filledUs: null,
    owedUs: 0,
    owedAtChangeUs: 0,
    sinceChange: 0,
    sinceSolo: 0,
    suspected: null,
    filledNs: 0,
    filledBeforeNs: 0,
    hasPaused: false,
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
  const inIterationNs = before.filledNs + filledNs
  const us = bubbles.endedIterationUs
  if (us === null)
    return { ...before, filledNs: inIterationNs, hasPaused: before.hasPaused || isPause(bubbles, nowNs, config) }
  if (before.hasPaused) return { ...before, filledNs: 0, filledBeforeNs: 0, hasPaused: false, silentSinceNs: nowNs }
  const workUs = (inIterationNs + before.filledBeforeNs) / 1000
  const sinceChange = before.sinceChange + 1
  const next = { ...before, filledNs: 0, filledBeforeNs: inIterationNs, silentSinceNs: nowNs, sinceChange }
  const counted = workUs < config.soloBelow * us ? withSolo(next, us, config) : withFilled(next, us, workUs, config)
  return { ...grown(counted, config), openSinceNs: openSince(counted, nowNs) }
}

function openSince({ soloLeft, openSinceNs }: FillModel, nowNs: number): number {
  if (soloLeft > 1) return 0
  return soloLeft === 0 && openSinceNs === 0 ? nowNs : openSinceNs
}

function isPause({ idleSinceNs }: BubbleModel, nowNs: number, config: Config): boolean {
  return idleSinceNs > 0 && nowNs - idleSinceNs > config.pauseMs * 1e6
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
  const { predictedUs, idleSinceNs } = bubbles
  const isWorthIt = predictedUs !== null && predictedUs >= times.openUs
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
  const idleNs = idleSinceNs === 0 ? 0 : nowNs - idleSinceNs
  if (fill.soloLeft > 0 && !isPause(bubbles, nowNs, config))
    return { isOpen: false, openUntilNs: nowNs, bubbleUs: 0, barrierUs, because: fill.because }
  const expected = predictedUs === null ? 'unknown length' : `${(predictedUs / 1000).toFixed(1)} ms expected`
  const because = `${bubbleWords(bubbles, nowNs)}, ${expected}; ${fill.because}`
  // Longer than foreseen: it may end at any time, and the likelier lasts the longer it has lasted.
  const outlastsNs = config.outlasts * Math.max(predictedUs ?? 0, times.openUs) * 1000
  if (idleNs > outlastsNs) {
    const openUntilNs = Math.round(nowNs + config.outlastPart * idleNs)
    return { isOpen: true, openUntilNs, bubbleUs: 0, barrierUs, because }
  }
  // Between bubbles the length alone is known. What is not is no bubble until it has lasted.
  const bubbleUs = Math.max(1, Math.round(fill.budget * (predictedUs ?? 0)))
  const openUntilNs = idleSinceNs === 0 ? 0 : Math.max(1, Math.round(idleSinceNs + bubbleUs * 1000))
  return { isOpen: true, openUntilNs, bubbleUs, barrierUs, because }
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

/** Iterations without filling, wanted or because nothing fitted: what is owed is made good in them. */
function withSolo(fill: FillModel, us: number, config: Config): FillModel {
  const solosUs = [...fill.solosUs.slice(1 - config.soloIterations), us]
  const soloUs = percentileOf(solosUs, 50)
  const soloLeft = Math.max(0, fill.soloLeft - 1)
  const owedUs = Math.max(0, fill.owedUs - config.aim * soloUs)
  const because =
    soloLeft > 0
      ? `measures ${soloLeft} more iterations without filling`
      : `iterations take ${ms(soloUs)} without filling`
  const next = { ...fill, solosUs, soloUs, soloLeft, owedUs, sinceSolo: 0, because }
  if (soloLeft > 0 || fill.suspected === null) return next
  const wasInnocent = fill.suspected.filledUs <= soloUs * (1 + config.guard)
  if (!wasInnocent) return { ...next, suspected: null }
  return { ...next, suspected: null, budget: fill.suspected.budget, owedUs: 0, owedAtChangeUs: 0 }
}

/** `workUs`: device time that was filled. A training that paused has not lost more than that. */
function withFilled(fill: FillModel, us: number, workUs: number, config: Config): FillModel {
  const { soloUs } = fill
  // What was still in flight when filling was closed ends in an iteration that should have been solo: it does not count.
  if (fill.soloLeft > 0 || soloUs === null) return fill
  const costUs = Math.min(Math.max(us - soloUs, -workUs), workUs)
  const owedUs = Math.min(Math.max(0, fill.owedUs + costUs - config.aim * soloUs), config.owedMax * soloUs)
  const countedUs = soloUs + costUs
  const filledUs = fill.filledUs === null ? countedUs : fill.filledUs + config.weight * (countedUs - fill.filledUs)
  const sinceSolo = fill.sinceSolo + 1
  const next = { ...fill, owedUs, filledUs, sinceSolo }
  const figures = `iterations take ${ms(filledUs)}, ${(100 * (filledUs / soloUs - 1)).toFixed(1)} % over ${ms(soloUs)} without filling`
  const isSuspect = owedUs > config.suspectOwed * soloUs && owedUs > fill.owedAtChangeUs
  const isFirst = fill.owedAtChangeUs === 0
  if (isSuspect && (isFirst || fill.sinceChange >= config.patience)) {
    const budget = Math.max(config.budgetMin, fill.budget / 2)
    const suspected = { budget: fill.budget, filledUs }
    return {
      ...measuredAgain(next, config),
      ...changed(budget, owedUs),
      suspected,
      because: `${figures}: budget halved to ${part(budget)}`,
    }
  }
  // Faster than without filling: the training itself has changed.
  if (filledUs < soloUs * (1 - config.guard) && fill.sinceChange >= config.patience) return measuredAgain(next, config)
  if (sinceSolo >= config.soloEvery) return { ...next, soloLeft: 1, sinceSolo: 0 }
  return { ...next, because: `${figures}: budget ${part(fill.budget)}` }
}

function measuredAgain(fill: FillModel, config: Config): FillModel {
  return { ...fill, soloLeft: config.soloAgain, solosUs: [], sinceSolo: 0, filledUs: null }
}

/** By a tenth, when nothing is owed any more: also where nothing fitted into the budget, which else would stay as it is for ever. */
function grown(fill: FillModel, config: Config): FillModel {
  const isDue = fill.owedUs === 0 && fill.soloLeft === 0 && fill.sinceChange >= config.patience && fill.budget < 1
  return isDue ? { ...fill, ...changed(Math.min(1, fill.budget * config.growth), 0) } : fill
}

function changed(
  budget: number,
  owedUs: number,
): Pick<FillModel, 'budget' | 'owedAtChangeUs' | 'sinceChange' | 'filledUs'> {
  return { budget, owedAtChangeUs: owedUs, sinceChange: 0, filledUs: null }
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
