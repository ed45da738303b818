// Links of the grid that was measured: throughput of one machine with 64 connections, round trips of the premium tier, and
// what the sender pays for a GB. A round trip that was not measured is that of light in a fibre over the great circle, with
// a detour.
import { kilometres, type PlaceRow } from './places.ts'
import type { EgressRow, LinkRow, Records } from './rows.ts'

const fibreKilometresPerMs = 200
const detour = 1.4
const equipmentMs = 2

export type WanFiles = { readonly throughput: Records; readonly roundTrips: Records; readonly egress: Records }

/** "gcp:us-west1-a" is gcp/us-west1 here. */
export function regionName(measured: string): string {
  const [cloud, place] = measured.split(':') as [string, string]
  return `${cloud}/${cloud === 'gcp' ? place.replace(/-[a-z]$/, '') : place}`
}

export function links({ throughput, roundTrips }: WanFiles, places: ReadonlyMap<string, PlaceRow>): readonly LinkRow[] {
  const measured = new Map(
    roundTrips
      .filter((row) => row['src_tier'] === 'PREMIUM' && row['dst_tier'] === 'PREMIUM')
      .map((row) => [`${regionName(row['src_region']!)} ${regionName(row['dst_region']!)}`, Number(row['avg_rtt'])]),
  )
  return throughput.map((row): LinkRow => {
    const [from, to] = [regionName(row['src_region']!), regionName(row['dst_region']!)]
    const known = measured.get(`${from} ${to}`) ?? measured.get(`${to} ${from}`)
    return {
      from,
      to,
      mbitPerSecond: Number((1000 * Number(row['gbps_received'])).toFixed(1)),
      roundTripMs: known ?? estimatedMs(places.get(from)!, places.get(to)!),
      source: known === undefined ? 'skyplane-throughput+estimated-rtt' : 'skyplane-throughput+skyplane-rtt',
    }
  })
}

export function estimatedMs(a: PlaceRow, b: PlaceRow): number {
  return Number((equipmentMs + (2 * detour * kilometres(a, b)) / fibreKilometresPerMs).toFixed(1))
}

/** Few rows for many pairs: for each region and cloud its usual price, then the pairs that differ. */
export function egressRows({ egress }: WanFiles): readonly EgressRow[] {
  const pairs = egress.map((row) => ({
    from: regionName(row['src']!),
    to: regionName(row['dest']!),
    price: Number(row['cost']),
  }))
  const byCloud = Map.groupBy(pairs, ({ from, to }) => `${from} ${to.slice(0, to.indexOf('/'))}`)
  return [...byCloud.values()].flatMap((same): EgressRow[] => {
    const usual = mostFrequent(same.map(({ price }) => price))
    const { from, to } = same[0]!
    const row = { kind: 'per-gb' as const, source: 'skyplane-egress' }
    const others = same.filter(({ price }) => price !== usual)
    return [
      { from, to: `${to.slice(0, to.indexOf('/'))}/*`, price: usual, ...row },
      ...others.map((pair) => ({ ...pair, ...row })),
    ]
  })
}

function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([a, m], [b, n]) => n - m || a - b)[0]![0]
}
