// The plan that a change makes of the one in force: the same job under the next version, with the reason for it.
import type { Job } from '#control-plane/model/job.ts'
import type { Exchange, Partition, Plan } from '#control-plane/model/plan.ts'
import { movementsOf } from '../forecast.ts'
import { linksNow } from '../links-now.ts'
import { figure } from '../policy.ts'
import type { Change } from './reconsider.ts'
import type { Context } from './situation.ts'

/** Null where it would be the same. */
export function nextPlan(
  { snapshot, index }: Context,
  job: Job,
  plan: Plan,
  change: Change,
  cause: string,
): Plan | null {
  const { partitions: changed, candidate, decided, forecast, moved } = change
  const partitions = plan.partitions.map((partition): Partition => {
    const place = moved.get(partition.place) ?? partition.place
    const found = changed.find((each) => each.place === place)
    // What has used its samples goes on as it is.
    if (found === undefined) return partition
    const { allocations } = found
    const samplesPerSecond = allocations.reduce((sum, each) => sum + each.units * each.samplesPerSecondPerUnit, 0)
    const moves = partition.moves + (place === partition.place ? 0 : 1)
    return { ...partition, place, moves, allocations, loadPower: samplesPerSecond / partition.samples }
  })
  const exchange = exchangeNow(job, plan, partitions, candidate.exchange)
  if (plan.isProfile !== true && isSame(plan, { partitions, exchange })) return null
  const slowest = partitions.reduce((slow, partition) => (partition.loadPower < slow.loadPower ? partition : slow))
  return {
    ...plan,
    ...(plan.isProfile === true ? { isProfile: false } : {}),
    version: plan.version + 1,
    plannedAtMs: snapshot.nowMs,
    cause,
    partitions,
    exchange,
    movements: movementsOf(job.spec, partitions, index, linksNow(index, snapshot)),
    forecast,
    alternatives: decided.alternatives,
    bound: decided.bound,
    catalogVersion: index.catalogue.version,
    catalogHash: index.catalogue.hash,
    loadPower: slowest.loadPower,
    bottleneckRegion: slowest.region,
  }
}

/** While parameter servers run only the interval changes: what messages look like is agreed for the whole run. */
function exchangeNow(
  { spec: { sync } }: Job,
  plan: Plan,
  partitions: readonly Partition[],
  wanted: Exchange | null,
): Exchange | null {
  if (wanted === null) return plan.exchange
  const { codec, fragments } = plan.exchange ?? sync
  // The policy knows places; regions know each other by their partitions' names.
  const hub = partitions.find(({ place }) => place === wanted.hub)?.region ?? ''
  return { ...wanted, codec, fragments, hub }
}

function isSame(a: Pick<Plan, 'partitions' | 'exchange'>, b: Pick<Plan, 'partitions' | 'exchange'>): boolean {
  return JSON.stringify([a.partitions, a.exchange]) === JSON.stringify([b.partitions, b.exchange])
}

/** Why, and what it brings. */
export function causeOf(why: readonly string[], { step, forecast, unchanged }: Change, share: number): string {
  const because = why.length === 0 ? 'units, prices or speeds changed' : why.join('; ')
  const rest = `${figure(100 * share)} % of the work is left`
  const now = `${figure(forecast.seconds)} s and $${figure(forecast.totalUsd)}`
  const before =
    unchanged === null ? '' : ` instead of ${figure(unchanged.seconds)} s and $${figure(unchanged.totalUsd)}`
  return `${because}; ${rest}, ${stepText[step]} takes ${now} for it${before}`
}

const stepText: Readonly<Record<Change['step'], string>> = {
  'longer-interval': 'exchanging less often',
  resize: 'another number of units',
  'other-devices': 'other devices in place',
  move: 'moving a partition',
}
