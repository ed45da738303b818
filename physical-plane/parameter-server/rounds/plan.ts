// Which plan holds from the next round on. Everybody begins with the same first plan, because it follows from the job
// alone; later ones are the hub's choice and hold once the round that carries them is committed.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import { planAdaptively } from '../sync/when/adaptive-interval.ts'
import { planFixed } from '../sync/when/fixed-interval.ts'
import type { MeasuredLink, RoundPlan } from './types.ts'

export type Measured = {
  readonly regions: readonly string[]
  readonly hub: string | null
  readonly stepsPerSecond: Readonly<Record<string, number>>
  /** Links into each region. */
  readonly links: Readonly<Record<string, readonly MeasuredLink[]>>
}

export function firstPlan(
  settings: SyncSettings,
  parts: Parts,
  regions: readonly string[],
  elements: number,
): RoundPlan {
  if (parts.membership === 'independent') return onlyTheLastRound
  return nextPlan(settings, parts, { regions, hub: null, stepsPerSecond: {}, links: {} }, elements, null)
}

export function nextPlan(
  settings: SyncSettings,
  parts: Parts,
  { regions, hub, stepsPerSecond, links }: Measured,
  elements: number,
  previous: RoundPlan | null,
): RoundPlan {
  if (parts.membership === 'independent') return onlyTheLastRound
  if (parts.when === 'fixed-interval') return planFixed(settings, { regions, stepsPerSecond, elements }, previous)
  const directed = Object.entries(links).flatMap(([to, incoming]) =>
    incoming.map(({ fromRegion, bytesPerSecond, roundTripMs }) => ({
      from: fromRegion,
      to,
      bytesPerSecond,
      roundTripMs,
    })),
  )
  const input = { regions, hub, stepsPerSecond, links: directed, elements }
  return planAdaptively(settings, parts.isOverlapped, input, previous)
}

/** Nobody has samples left: after this plan's round comes the end. */
export function finalPlan(plan: RoundPlan, previous: RoundPlan): RoundPlan {
  return plan.isFinalNext ? plan : { ...plan, version: previous.version + 1, isFinalNext: true }
}

const onlyTheLastRound: RoundPlan = {
  version: 1,
  intervals: {},
  codec: 'fp32',
  density: 1,
  fragments: 1,
  isFinalNext: true,
  reason: 'regions do not wait for each other until the end',
}
