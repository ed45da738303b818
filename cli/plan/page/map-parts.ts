// What a plan's map shows, before it is drawn: regions by what the plan does with them, and links by what crosses them.
import type { PlanAnswer } from '../answer.ts'
import { devicesText } from '../../render/plan.ts'
import { formatBytes, formatCount, formatSeconds, formatUsd } from '../../units.ts'
import type { Site } from './world-map.ts'

/** trains; its data is trained on elsewhere; considered and not taken; there, but of no matter to this job. */
export type RegionRole = 'trains' | 'sends-data' | 'refused' | 'idle'

export type MapRegion = {
  readonly region: string
  readonly role: RegionRole
  /** Null where nobody knows. */
  readonly site: Site | null
  /** What is there and why, in a line. */
  readonly text: string
}

export type MapLink = {
  readonly from: string
  readonly to: string
  readonly purpose: 'sync' | 'data'
  readonly bytes: number
  /** For example "3.20 GB, $0.29". */
  readonly label: string
  readonly text: string
}

/** Those that matter most first. */
const roles: readonly RegionRole[] = ['trains', 'sends-data', 'refused', 'idle']

export function mapRegions({ plan, sites, input }: PlanAnswer): readonly MapRegion[] {
  const siteOf = new Map(sites.map((site) => [site.region, site]))
  const reasonOf = new Map(plan.reasons.map((reason) => [reason.region, reason]))
  const placed = new Map(plan.partitions.map((partition) => [partition.place || partition.region, partition]))
  const moved = new Set(
    plan.partitions.flatMap(({ dataRegions, place, region }) =>
      dataRegions.filter((from) => from !== (place || region)),
    ),
  )
  const names = new Set([
    ...placed.keys(),
    ...moved,
    ...plan.reasons.map(({ region }) => region).filter((region) => region !== ''),
    ...(input?.capacity ?? []).map(({ region }) => region),
    ...(input?.spec?.shards ?? []).map(({ region }) => region),
  ])
  return [...names]
    .sort()
    .map((region): MapRegion => {
      const partition = placed.get(region)
      const reason = reasonOf.get(region)
      const role =
        partition !== undefined
          ? 'trains'
          : moved.has(region)
            ? 'sends-data'
            : reason === undefined || reason.rule === 'no-data'
              ? 'idle'
              : 'refused'
      const units = partition === undefined ? '' : `${devicesText(partition.allocations)}, `
      const samples = partition === undefined ? '' : `${formatCount(partition.samples)} samples; `
      return { region, role, site: siteOf.get(region) ?? null, text: `${units}${samples}${reason?.text ?? ''}` }
    })
    .sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role))
}

export function mapLinks({ linkUses }: PlanAnswer): readonly MapLink[] {
  return linkUses.map(({ fromRegion: from, toRegion: to, purpose, bytes, usd, mbitPerSecond, roundTripMs }) => {
    const label = `${formatBytes(bytes)}, ${formatUsd(usd)}`
    const what = purpose === 'data' ? 'training data' : 'synchronisation'
    const line = `${formatCount(mbitPerSecond)} Mbit/s, ${formatCount(roundTripMs)} ms`
    const seconds = mbitPerSecond > 0 ? (8 * bytes) / 1e6 / mbitPerSecond : Number.NaN
    const lasting = Number.isFinite(seconds) ? `, ${formatSeconds(seconds)} of its capacity` : ''
    const text = `${from} to ${to}: ${what}, ${label} over ${line}${lasting}`
    return { from, to, purpose: purpose === 'data' ? 'data' : 'sync', bytes, label, text }
  })
}
