// The interval, codec and fragments that the links can carry, for `auto`. With T the time of one exchange and t that
// of a step: while steps go on during an exchange the link just keeps up from H = T / t on; where they wait for it a
// utilisation u needs H = u / (1 - u) × T / t. Each of P fragments takes tau = ceil(T of a fragment / t) steps, and
// the next one leaves only after it: tau < H / P.
// If H would exceed its maximum, first fewer fragments (fewer delays), then the next smaller codec. Going back to a
// finer one needs some room to spare. On links so good that the exact codec fits into the minimal interval, it is taken.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { CodecName, SyncSettings } from '#proto/sync/settings.ts'
import type { RoundPlan } from '../../rounds/types.ts'
import { isRefinable, isSparse, rungsFrom } from './codec-ladder.ts'
import { firstInterval, hysteresis, linkShare, staleSparseMax } from './config.ts'
import { exchangeTime, type ExchangeTime, type Topology } from './exchange-time.ts'
import { fragmentsWithin, stepsPerRound, type PlanInput } from './fixed-interval.ts'
import { stepsByRegion } from './proportional-steps.ts'
import { revisePlan } from './revise-plan.ts'

export type AdaptiveInput = PlanInput & Topology

/** A way to exchange, and what the links demand of it. */
type Choice = {
  readonly codec: CodecName
  readonly fragments: number
  /** Local steps per round that the links need at least. */
  readonly needed: number
  readonly stepSeconds: number
  readonly bytes: number
  readonly time: ExchangeTime
}

export function planAdaptively(
  settings: SyncSettings,
  isOverlapped: boolean,
  input: AdaptiveInput,
  previous: RoundPlan | null,
): RoundPlan {
  const stepSeconds = paceSeconds(input, settings.pacing)
  const isMeasured = stepSeconds !== null && exchangeTime(input, 0) !== null
  // What was measured once is not forgotten because a hub went: the plan stays until there is something better to say.
  if (!isMeasured && previous !== null && hasSameRegions(previous, input.regions)) return previous
  const choice = isMeasured ? choose(settings, isOverlapped, input, stepSeconds, previous) : null
  const fragments = choice?.fragments ?? fragmentsWithin(settings.fragments, input.elements)
  const wanted = choice === null ? stepsPerRound(settings.interval || firstInterval, fragments) : choice.needed
  const steps = clampSteps(wanted, fragments, settings)
  return revisePlan(previous, {
    intervals: stepsByRegion(steps, input.regions, input.stepsPerSecond, settings.pacing),
    codec: choice?.codec ?? settings.codec,
    density: settings.density,
    fragments,
    reason: choice === null ? firstReason(steps, fragments) : reasonOf(choice, steps, settings),
  })
}

export type Demand = {
  readonly isOverlapped: boolean
  /** Share of time that a region shall compute, where steps wait for exchanges. */
  readonly utilisation: number
  /** Share of the link's time that exchanges may take, where steps go on. */
  readonly share?: number
}

/** Local steps between two exchanges that keep the link just busy, or the region busy to `utilisation`. */
export function stepsNeeded(
  seconds: number,
  stepSeconds: number,
  { isOverlapped, utilisation, share = linkShare }: Demand,
): number {
  const steps = seconds / stepSeconds
  return Math.max(1, Math.ceil(isOverlapped ? steps / share : (utilisation / (1 - utilisation)) * steps))
}

/** Steps that pass while an exchange is under way. */
export function delaySteps(seconds: number, stepSeconds: number): number {
  return Math.ceil(seconds / stepSeconds)
}

function choose(
  settings: SyncSettings,
  isOverlapped: boolean,
  input: AdaptiveInput,
  stepSeconds: number,
  previous: RoundPlan | null,
): Choice {
  const fragmentsMax = fragmentsWithin(settings.fragments, input.elements)
  const weighed = (codec: CodecName, fragments: number): Choice => {
    const bytes = encodedBytes(codec, Math.ceil(input.elements / fragments), settings.density)
    const time = exchangeTime(input, bytes)!
    const needed = stepsNeeded(time.seconds, stepSeconds, { isOverlapped, utilisation: settings.utilisation })
    const tau = delaySteps(time.seconds, stepSeconds)
    // A lone fragment may take all of its interval; of several, each must be back before the next one leaves.
    return {
      codec,
      fragments,
      bytes,
      time,
      stepSeconds,
      needed: fragments > 1 && isOverlapped ? Math.max(tau + 1, needed) : needed,
    }
  }
  const rungs = rungsFrom(settings.codec)
  const standing = previous === null ? -1 : rungs.indexOf(previous.codec)
  if (isRefinable(settings.codec)) {
    const exact = weighed('fp32', fragmentsMax)
    const room = previous?.codec === 'fp32' ? 1 : 1 + hysteresis
    if (exact.needed * fragmentsMax * room <= settings.intervalMin) return exact
  }
  for (const [rung, codec] of rungs.entries()) {
    const room = rung < standing ? 1 + hysteresis : 1
    for (let fragments = fragmentsMax; fragments >= 1; fragments--) {
      const choice = weighed(codec, fragments)
      const isWithin = choice.needed * fragments * room <= settings.intervalMax
      if (isWithin && isFreshEnough(choice, isOverlapped, settings.density)) return choice
    }
  }
  // Nothing fits: regions will wait for the link, with the smallest messages that staleness allows.
  const smallest = rungs
    .map((codec) => weighed(codec, 1))
    .filter((choice) => isFreshEnough(choice, isOverlapped, settings.density))
  return smallest.at(-1) ?? weighed(rungs.at(-1)!, 1)
}

/** Never much staleness and sparse messages at once. Where steps wait for the exchange nothing is stale. */
function isFreshEnough({ codec, time, stepSeconds }: Choice, isOverlapped: boolean, density: number): boolean {
  if (!isSparse(codec) || !isOverlapped) return true
  return (delaySteps(time.seconds, stepSeconds) + 1) * (1 - density) <= staleSparseMax
}

function clampSteps(steps: number, fragments: number, { intervalMin, intervalMax }: SyncSettings): number {
  const most = Math.max(1, Math.floor(intervalMax / fragments))
  return Math.min(most, Math.max(Math.ceil(intervalMin / fragments), steps))
}

/** Seconds per step of the region that sets the pace: the fastest where the others make fewer, else the slowest. */
function paceSeconds({ regions, stepsPerSecond }: PlanInput, pacing: SyncSettings['pacing']): number | null {
  const speeds = regions.map((region) => stepsPerSecond[region] ?? 0).filter((speed) => speed > 0)
  if (speeds.length === 0) return null
  return 1 / (pacing === 'proportional' ? Math.max(...speeds) : Math.min(...speeds))
}

function hasSameRegions({ intervals }: RoundPlan, regions: readonly string[]): boolean {
  return regions.length === Object.keys(intervals).length && regions.every((region) => region in intervals)
}

function firstReason(steps: number, fragments: number): string {
  return `a round every ${steps} local steps${inFragments(fragments)} until links and steps have been measured`
}

function reasonOf(
  { codec, fragments, needed, bytes, time, stepSeconds }: Choice,
  steps: number,
  settings: SyncSettings,
): string {
  if (time.slowest === null) return `a round every ${steps} local steps: there is no other region`
  const { from, to, bytesPerSecond, roundTripMs } = time.slowest
  const link = `${from} to ${to} at ${round(bytesPerSecond * 8e-6)} Mbit/s and ${round(roundTripMs)} ms`
  const exchange = `${round(bytes / 1e6)} MB in ${codec} take ${round(time.seconds)} s (${link})`
  const bound = steps > needed ? `, fewer than interval_min ${settings.intervalMin} allows` : ''
  const stall = steps < needed ? `, more than interval_max ${settings.intervalMax} allows, so steps wait` : ''
  const why = `${exchange}, ${round(time.seconds / stepSeconds)} steps of ${round(stepSeconds)} s`
  return `a round every ${steps} local steps${inFragments(fragments)}: ${why}; ${needed} would do${bound}${stall}`
}

function inFragments(fragments: number): string {
  return fragments === 1 ? '' : ` for each of ${fragments} fragments in turn`
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}
