// What crosses the WAN with a plan, link by link, and what that costs: data on its way, then synchronisation. The sums are
// those of the plan's forecast.
import { egressUsd } from '#control-plane/model/egress.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Catalogue } from '#control-plane/model/snapshot.ts'
import { leftOf } from './elastic/going-on.ts'
import { perLink } from './forecast.ts'
import { linksNow } from './links-now.ts'
import { contextOf } from './plan-input.ts'
import { trafficOf } from './traffic.ts'

export type LinkUse = {
  readonly from: string
  readonly to: string
  readonly purpose: 'sync' | 'data'
  readonly bytes: number
  readonly usd: number
  readonly mbitPerSecond: number
  readonly roundTripMs: number
}

/** In ascending order of (from, to, purpose). */
export function linkUsesOf(plan: Plan, input: PlanInput, catalogue: Catalogue): readonly LinkUse[] {
  const { snapshot, index } = contextOf(input, catalogue)
  const links = linksNow(index, snapshot)
  const { modelSize } = input
  const { exchange, movements } = plan
  const { spec, partitions } = workOf(plan, input)
  const traffic =
    modelSize === null || partitions.length < 2 ? null : trafficOf({ spec, partitions, exchange, links, modelSize })
  const seconds = traffic === null ? 0 : traffic.trainingSeconds + traffic.outsideSeconds
  const speedOf = (from: string, to: string): Pick<LinkUse, 'mbitPerSecond' | 'roundTripMs'> => {
    const { mbitPerSecond = 0, roundTripMs = 0 } = links(from, to) ?? {}
    return { mbitPerSecond, roundTripMs }
  }
  const sync = perLink(traffic?.flows ?? []).map(({ from, to, bytes }): LinkUse => {
    const egress = index.link(from, to)?.egress
    const usd = egress === undefined ? 0 : egressUsd(egress, bytes, seconds)
    return { from, to, purpose: 'sync', bytes: Math.round(bytes), usd, ...speedOf(from, to) }
  })
  const data = movements.map(({ from, to, bytes, usd }): LinkUse => {
    return { from, to, purpose: 'data', bytes, usd, ...speedOf(from, to) }
  })
  return [...data, ...sync].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** All of it, or what was left of a job that ran. */
function workOf(
  { partitions }: Plan,
  { spec, goingOn }: PlanInput,
): Pick<Plan, 'partitions'> & Pick<PlanInput, 'spec'> {
  if (goingOn === undefined) return { spec, partitions }
  const left = new Map(
    goingOn.plan.partitions.map((before) => {
      const shard = goingOn.shards.find(({ region }) => region === before.place)
      return [before.region, shard?.samples ?? 0] as const
    }),
  )
  const working = partitions.filter(({ region }) => (left.get(region) ?? 0) > 0)
  return {
    spec: leftOf(spec, goingOn).spec,
    partitions: working.map((partition): Partition => {
      const samples = left.get(partition.region)!
      return { ...partition, samples, loadPower: (partition.loadPower * partition.samples) / samples }
    }),
  }
}

function keyOf({ from, to, purpose }: LinkUse): string {
  return `${from} ${to} ${purpose}`
}
