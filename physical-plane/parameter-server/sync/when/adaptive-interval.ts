// The plan of `auto`: the codec, fragments and interval that the links can carry as measured (proto/sync/choose-exchange.ts),
// and why. Before anything has been measured it is what the job asks for.
import { chooseExchange, withinBounds, type Choice } from '#proto/sync/choose-exchange.ts'
import { firstInterval } from '#proto/sync/config.ts'
import { exchangeTime, type Topology } from '#proto/sync/exchange-time.ts'
import { fragmentsWithin, paceSeconds, stepsByRegion, stepsPerRound } from '#proto/sync/proportional-steps.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { RoundPlan } from '../../rounds/types.ts'
import type { PlanInput } from './fixed-interval.ts'
import { revisePlan } from './revise-plan.ts'

export type AdaptiveInput = PlanInput & Topology

export function planAdaptively(
  settings: SyncSettings,
  isOverlapped: boolean,
  input: AdaptiveInput,
  previous: RoundPlan | null,
): RoundPlan {
  const { regions, elements, stepsPerSecond } = input
  const speeds = regions.map((region) => stepsPerSecond[region] ?? 0)
  const stepSeconds = paceSeconds(speeds, settings.pacing)
  if (stepSeconds === null || exchangeTime(input, 0) === null) {
    // What was measured once is not forgotten because a hub went: the plan stays until there is something better to say.
    const isGood = previous !== null && hasSameRegions(previous, regions) && isLongEnough(previous, settings)
    if (isGood) return previous
    return revisePlan(previous, unmeasured(settings, input))
  }
  const exchangeSeconds = (bytes: number): number => exchangeTime(input, bytes)!.seconds
  const situation = { isOverlapped, elements, stepSeconds, exchangeSeconds, standing: previous }
  const choice = chooseExchange(settings, situation)
  return revisePlan(previous, {
    intervals: stepsByRegion(choice.steps, regions, stepsPerSecond, settings.pacing),
    codec: choice.codec,
    density: settings.density,
    fragments: choice.fragments,
    reason: reasonOf(choice, input, stepSeconds, settings),
  })
}

function unmeasured(settings: SyncSettings, { regions, stepsPerSecond, elements }: AdaptiveInput) {
  const fragments = fragmentsWithin(settings.fragments, elements)
  const asked = stepsPerRound(settings.interval || firstInterval, fragments)
  const steps = withinBounds(asked, fragments, settings)
  return {
    intervals: stepsByRegion(steps, regions, stepsPerSecond, settings.pacing),
    codec: settings.codec,
    density: settings.density,
    fragments,
    reason: `a round every ${steps} local steps${inFragments(fragments)} until links and steps have been measured`,
  }
}

function hasSameRegions({ intervals }: RoundPlan, regions: readonly string[]): boolean {
  return regions.length === Object.keys(intervals).length && regions.every((region) => region in intervals)
}

/** The least interval may have risen meanwhile. */
function isLongEnough({ intervals, fragments }: RoundPlan, { intervalMin }: SyncSettings): boolean {
  return fragments * Math.max(0, ...Object.values(intervals)) >= intervalMin
}

function reasonOf(
  { codec, fragments, needed, steps, bytes, seconds }: Choice,
  topology: Topology,
  stepSeconds: number,
  { intervalMin, intervalMax }: SyncSettings,
): string {
  const slowest = exchangeTime(topology, bytes)?.slowest ?? null
  if (slowest === null) return `a round every ${steps} local steps: there is no other region`
  const { from, to, bytesPerSecond, roundTripMs } = slowest
  const link = `${from} to ${to} at ${round(bytesPerSecond * 8e-6)} Mbit/s and ${round(roundTripMs)} ms`
  const exchange = `${round(bytes / 1e6)} MB in ${codec} take ${round(seconds)} s (${link})`
  const bound = steps > needed ? `, fewer than interval_min ${intervalMin} allows` : ''
  const stall = steps < needed ? `, more than interval_max ${intervalMax} allows, so steps wait` : ''
  const why = `${exchange}, ${round(seconds / stepSeconds)} steps of ${round(stepSeconds)} s`
  return `a round every ${steps} local steps${inFragments(fragments)}: ${why}; ${needed} would do${bound}${stall}`
}

function inFragments(fragments: number): string {
  return fragments === 1 ? '' : ` for each of ${fragments} fragments in turn`
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}
