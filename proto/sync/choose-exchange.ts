// The codec, fragments and interval that the links can carry, for `auto`: the parameter server chooses with what it
// measures, the control plane forecasts with what the catalogue says. With T the time of one exchange and t that of a
// step: while steps go on during an exchange, that takes a share u of its interval from H = T / (u × t) on; where they
// wait for it, a share u of the time is left for steps from H = u / (1 - u) × T / t on. Each of P fragments takes
// tau = ceil(T of a fragment / t) steps, and the next one leaves only after it: tau < H / P.
// If H would exceed its maximum, first fewer fragments (fewer delays), then the next smaller codec. Whatever is better than
// what stands is taken only with room to spare: times that wobble by less than that never change the choice to and fro.
import { isRefinable, isSparse, rungsFrom } from './codec-ladder.ts'
import { hysteresis, staleSparseMax } from './config.ts'
import { encodedBytes } from './encoded-bytes.ts'
import { fragmentsWithin } from './proportional-steps.ts'
import type { CodecName, SyncSettings } from './settings.ts'

export type Situation = {
  readonly isOverlapped: boolean
  /** float32 elements of the model. */
  readonly elements: number
  /** Of the region that sets the pace. */
  readonly stepSeconds: number
  /** How long one exchange of messages of so many bytes takes. */
  readonly exchangeSeconds: (bytes: number) => number
  /** What holds now; null where nothing does. */
  readonly standing: Pick<Choice, 'codec' | 'fragments'> | null
}

/** A way to exchange, and what the links demand of it. */
export type Choice = {
  readonly codec: CodecName
  readonly fragments: number
  /** Of one message. */
  readonly bytes: number
  readonly seconds: number
  /** Local steps per round that the links need at least. */
  readonly needed: number
  /** Local steps per round within the bounds of the job: where they are fewer, steps will wait for the link. */
  readonly steps: number
}

export function chooseExchange(settings: SyncSettings, situation: Situation): Choice {
  const { elements, standing } = situation
  const fragmentsMax = fragmentsWithin(settings.fragments, elements)
  const rungs = rungsFrom(settings.codec)
  if (isRefinable(settings.codec)) {
    const exact = weighed(settings, situation, 'fp32', fragmentsMax)
    const room = standing?.codec === 'fp32' ? 1 : spare
    if (needed(settings, situation, exact, room) * fragmentsMax <= settings.intervalMin) return exact
  }
  const fallback = smallest(settings, situation, rungs)
  // In the order of preference: what comes after the one that stands needs no room, unless that stands only because
  // nothing fitted.
  let isBetter = standing !== null && rungs.includes(standing.codec)
  for (const codec of rungs) {
    for (let fragments = fragmentsMax; fragments >= 1; fragments--) {
      const choice = weighed(settings, situation, codec, fragments)
      const isStanding = standing !== null && isSame(standing, choice)
      const room = isBetter && !isStanding ? spare : 1
      const isWithin = needed(settings, situation, choice, room) * fragments <= settings.intervalMax
      const isAsBefore = standing === null || (standing.codec === codec && room === 1)
      if (isWithin && isFreshEnough(settings, situation, choice, isAsBefore ? 1 : spare)) return choice
      if (isStanding) isBetter = isSame(fallback, choice)
    }
  }
  return fallback
}

function isSame(one: Pick<Choice, 'codec' | 'fragments'>, other: Pick<Choice, 'codec' | 'fragments'>): boolean {
  return one.codec === other.codec && one.fragments === other.fragments
}

/** Where nothing fits, regions will wait for the link, with the smallest messages that staleness allows. */
function smallest(settings: SyncSettings, situation: Situation, rungs: readonly CodecName[]): Choice {
  const fresh = rungs
    .map((codec) => weighed(settings, situation, codec, 1))
    .filter((choice) => {
      const isAsBefore = situation.standing === null || situation.standing.codec === choice.codec
      return isFreshEnough(settings, situation, choice, isAsBefore ? 1 : spare)
    })
  return fresh.at(-1) ?? weighed(settings, situation, rungs.at(-1)!, 1)
}

/** How much longer an exchange may take than it seems to, where something better is to be taken. */
const spare = 1 + hysteresis

function weighed(settings: SyncSettings, situation: Situation, codec: CodecName, fragments: number): Choice {
  const bytes = encodedBytes(codec, Math.ceil(situation.elements / fragments), settings.density)
  const seconds = situation.exchangeSeconds(bytes)
  const steps = needed(settings, situation, { fragments, seconds })
  return { codec, fragments, bytes, seconds, needed: steps, steps: withinBounds(steps, fragments, settings) }
}

/** A lone fragment may take its share of the interval; of several, each must be back before the next one leaves. */
function needed(
  { utilisation }: SyncSettings,
  { isOverlapped, stepSeconds }: Situation,
  { fragments, seconds }: Pick<Choice, 'fragments' | 'seconds'>,
  room = 1,
): number {
  const steps = stepsNeeded(seconds * room, stepSeconds, { isOverlapped, utilisation })
  return fragments > 1 && isOverlapped ? Math.max(delaySteps(seconds * room, stepSeconds) + 1, steps) : steps
}

export type Demand = {
  readonly isOverlapped: boolean
  /** Share of its interval that an exchange may take where steps go on; that steps shall take where they wait for it. */
  readonly utilisation: number
}

/** Local steps between two exchanges that leave the exchange, or the steps, their share of the time. */
export function stepsNeeded(seconds: number, stepSeconds: number, { isOverlapped, utilisation }: Demand): number {
  const steps = seconds / stepSeconds
  return Math.max(1, Math.ceil(isOverlapped ? steps / utilisation : (utilisation / (1 - utilisation)) * steps))
}

/** Steps that pass while an exchange is under way. */
export function delaySteps(seconds: number, stepSeconds: number): number {
  return Math.ceil(seconds / stepSeconds)
}

/**
 * Never much staleness and sparse messages at once. Where steps wait for the exchange nothing is stale. Sparse messages
 * that stand stay up to the bound; others become sparse with room to spare.
 */
function isFreshEnough(
  { density }: SyncSettings,
  { isOverlapped, stepSeconds }: Situation,
  { codec, seconds }: Choice,
  room: number,
): boolean {
  if (!isSparse(codec) || !isOverlapped) return true
  return (delaySteps(seconds * room, stepSeconds) + 1) * (1 - density) <= staleSparseMax
}

/** The bounds are of the interval of the whole model. */
export function withinBounds(
  steps: number,
  fragments: number,
  { intervalMin, intervalMax }: Pick<SyncSettings, 'intervalMin' | 'intervalMax'>,
): number {
  const most = Math.max(1, Math.floor(intervalMax / fragments))
  return Math.min(most, Math.max(Math.ceil(intervalMin / fragments), steps))
}
