// What a plan will take and cost: data on its way first, then compute and what crosses the WAN meanwhile (traffic.ts), units
// paid in every region from the beginning until the last one ends, egress by each link's price, storage of what was moved,
// and the work that is done again because spot capacity is taken away.
// Without a measured model size nothing is known of the wire: then seconds are compute only, bytes and egress are 0.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { bytesPerGb, egressUsd, secondsPerMonth } from '#control-plane/model/egress.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Exchange, Forecast, ModelSize, Movement, Partition } from '#control-plane/model/plan.ts'
import { recoverySeconds } from './config.ts'
import { transferSeconds, type Links } from './exchange.ts'
import type { Floor } from './policy.ts'
import { trafficFloor } from './traffic-floor.ts'
import { trafficOf, type Flow } from './traffic.ts'

export type ForecastInput = {
  readonly spec: JobSpec
  readonly partitions: readonly Partition[]
  /** Null: what the strategy does by itself. */
  readonly exchange: Exchange | null
  readonly index: CatalogueIndex
  /** The catalogue's links, or what was measured of them. */
  readonly links: Links
  readonly modelSize: ModelSize | null
  readonly throughputSource: Forecast['throughputSource']
}

export function forecast(input: ForecastInput): Forecast {
  const { spec, partitions, index, links, modelSize, exchange } = input
  const moved = movementsOf(spec, partitions, index, links)
  const movementSeconds = Math.max(0, ...moved.map(({ seconds }) => seconds))
  const computeSeconds = Math.max(0, ...partitions.map(({ loadPower }) => spec.training.epochs / loadPower))
  const traffic = modelSize === null ? null : trafficOf({ spec, partitions, exchange, links, modelSize })
  const trainingSeconds = traffic === null ? computeSeconds : traffic.trainingSeconds + traffic.outsideSeconds
  const seconds = movementSeconds + trainingSeconds
  const flows = traffic === null ? [] : traffic.flows
  const egress = sum(perLink(flows), (flow) => usdOf(index, flow, trainingSeconds))
  // Workers start when their data is there.
  const computeUsd = (usdPerHour(partitions) * trainingSeconds) / 3600
  const movementUsd = sum(moved, ({ usd }) => usd)
  const storageUsd = sum(moved, ({ to, bytes }) => storageOf(index, to, bytes, seconds))
  const spotLossUsd = sum(partitions, (partition) => spotLossOf(partition, trainingSeconds))
  return {
    seconds,
    movementSeconds,
    computeUsd,
    egressUsd: egress,
    movementUsd,
    storageUsd,
    spotLossUsd,
    totalUsd: computeUsd + egress + movementUsd + storageUsd + spotLossUsd,
    wanBytes: Math.round(sum(flows, ({ bytes }) => bytes) + sum(moved, ({ bytes }) => bytes)),
    throughputSource: input.throughputSource,
  }
}

/** What no choice of units gets below, for data trained on in these places. */
export function floorOf({ spec, homes, exchange, index, links, modelSize }: FloorInput): Floor {
  const moved = movementsOf(spec, homes, index, links)
  const traffic =
    modelSize === null || exchange === null ? null : trafficFloor({ spec, homes, exchange, links, modelSize })
  const flows = perLink(traffic?.flows ?? [])
  return {
    movementSeconds: Math.max(0, ...moved.map(({ seconds }) => seconds)),
    wireSeconds: traffic?.wireSeconds ?? 0,
    isOverlapped: traffic?.isOverlapped ?? true,
    outsideSeconds: traffic?.outsideSeconds ?? 0,
    usd: sum(moved, ({ usd }) => usd) + sum(flows, (flow) => leastUsdOf(index, flow)),
  }
}

/** What so many bytes from one place to another and back cost at least. */
export function leastSwapUsd(index: CatalogueIndex, one: string, other: string, bytes: number): number {
  return leastUsdOf(index, { from: one, to: other, bytes }) + leastUsdOf(index, { from: other, to: one, bytes })
}

export type FloorInput = Pick<ForecastInput, 'spec' | 'exchange' | 'index' | 'links' | 'modelSize'> & {
  /** Ascending by place. */
  readonly homes: readonly Homes[]
}

type Homes = Pick<Partition, 'place' | 'dataRegions' | 'samples'>

/** What has to be moved before the partitions can train, in ascending order of (from, to). */
export function movementsOf(
  spec: JobSpec,
  partitions: readonly Pick<Partition, 'place' | 'dataRegions'>[],
  index: CatalogueIndex,
  links: Links,
): readonly Movement[] {
  return partitions
    .flatMap(({ place, dataRegions }) =>
      dataRegions
        .filter((from) => from !== place)
        .map((from): Movement => {
          const bytes = sum(
            spec.shards.filter(({ region }) => region === from),
            (shard) => shard.bytes,
          )
          return movementOf(index, links, { from, to: place, bytes })
        }),
    )
    .sort((a, b) => (a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1))
}

export function movementOf(index: CatalogueIndex, links: Links, flow: Flow): Movement {
  const seconds = transferSeconds(links, flow, flow.bytes)
  return { ...flow, seconds, usd: usdOf(index, flow, seconds) }
}

export function usdPerHour(partitions: readonly Partition[]): number {
  return sum(partitions, ({ allocations }) => sum(allocations, ({ units, usdPerUnitHour }) => units * usdPerUnitHour))
}

/** Tiers count what a link carries in all. */
export function perLink(flows: readonly Flow[]): readonly Flow[] {
  const known = new Map<string, Map<string, { from: string; to: string; bytes: number }>>()
  const all: Flow[] = []
  for (const { from, to, bytes } of flows) {
    const fromHere = known.get(from) ?? new Map<string, { from: string; to: string; bytes: number }>()
    known.set(from, fromHere)
    const flow = fromHere.get(to)
    if (flow !== undefined) {
      flow.bytes += bytes
      continue
    }
    const next = { from, to, bytes }
    fromHere.set(to, next)
    all.push(next)
  }
  return all
}

function usdOf({ link }: CatalogueIndex, { from, to, bytes }: Flow, seconds: number): number {
  const price = link(from, to)?.egress
  return price === undefined ? 0 : egressUsd(price, bytes, seconds)
}

/** By bandwidth the price hangs on how long it takes: then that of the cheapest tier. */
function leastUsdOf(index: CatalogueIndex, flow: Flow): number {
  const price = index.link(flow.from, flow.to)?.egress
  if (price?.kind !== 'p95-month') return usdOf(index, flow, 1)
  const usdPerMbitMonth = Math.min(...price.tiers.map((tier) => tier.usdPerMbitMonth))
  return ((8 * flow.bytes) / 1e6 / secondsPerMonth) * usdPerMbitMonth
}

function storageOf({ region }: CatalogueIndex, place: string, bytes: number, seconds: number): number {
  return (bytes / bytesPerGb) * (region(place)?.storageUsdPerGbMonth ?? 0) * (seconds / secondsPerMonth)
}

/** A unit that is taken away is paid while another one takes over and does again what was lost. */
function spotLossOf({ allocations }: Partition, seconds: number): number {
  return sum(allocations, ({ units, usdPerUnitHour, lossesPerHour }) => {
    const losses = (units * lossesPerHour * seconds) / 3600
    return losses * usdPerUnitHour * (recoverySeconds / 3600)
  })
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}
