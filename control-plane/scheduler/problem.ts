// A job on a set of places as the problem that a policy decides: what data there is and where it may go, the ways to
// synchronise, and what any choice among them would take and cost.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Exchange, Forecast, ModelSize, Partition } from '#control-plane/model/plan.ts'
import { legOf, type Links } from './exchange.ts'
import { exchangesOf } from './exchanges.ts'
import { floorOf, forecast, leastSwapUsd, movementOf } from './forecast.ts'
import { movesOf, type MayMove } from './may-move.ts'
import {
  throughputOf,
  type Candidate,
  type CandidatePartition,
  type DataRegion,
  type Home,
  type Move,
  type Place,
  type Problem,
  type Wire,
} from './policy.ts'
import { leastTraffic } from './traffic-floor.ts'
import { weakestSource, type ThroughputOf } from './throughput.ts'
import { everyUnit } from './use-everything.ts'

export type ProblemInput = {
  readonly spec: JobSpec
  readonly nowMs: number
  readonly index: CatalogueIndex
  readonly links: Links
  readonly modelSize: ModelSize | null
  readonly throughput: ThroughputOf
  /** In ascending order of region. */
  readonly places: readonly Place[]
}

export type JobProblem = Problem & {
  /** In ascending order of region. */
  readonly partitionsOf: (candidate: Candidate) => readonly Partition[]
  /** Every unit of every region with data; null where some of it could not stay. */
  readonly useEverything: (exchange: Exchange | null) => Forecast | null
}

export function jobProblem(input: ProblemInput): JobProblem {
  const { spec, index, links, modelSize, throughput, places } = input
  const samples = samplesByRegion(spec)
  const may = movesOf(spec)
  const data = samples.map(([region, count]) => dataRegion(spec, may, region, count, places))
  const placeOf = new Map(places.map((place) => [place.region, place]))
  const countOf = new Map(samples)
  const bytesOf = new Map(data.map(({ region, bytes }) => [region, bytes]))
  const samplesOf = ({ dataRegions }: Home): number =>
    dataRegions.reduce((sum, region) => sum + (countOf.get(region) ?? 0), 0)
  const partitionsOf = ({ partitions }: Candidate): readonly Partition[] =>
    partitions
      .map((partition) => partitionOf(placeOf.get(partition.place)!, partition, samplesOf(partition)))
      .sort((a, b) => (a.region < b.region ? -1 : 1))
  const estimate = (candidate: Candidate): Forecast => {
    const partitions = partitionsOf(candidate)
    const models = partitions.flatMap(({ allocations }) => allocations.map(({ deviceModel }) => deviceModel))
    const throughputSource = weakestSource(models.flatMap((model) => throughput(model)?.source ?? []))
    return forecast({ spec, partitions, exchange: candidate.exchange, index, links, modelSize, throughputSource })
  }
  return {
    objective: spec.objective,
    budget: spec.budget,
    nowMs: input.nowMs,
    epochs: spec.training.epochs,
    data,
    places,
    exchanges: exchangesOf(spec.sync, modelSize),
    estimate,
    floor: (homes, exchange) => {
      const whole = homes.map((home) => ({ ...home, samples: samplesOf(home) }))
      return floorOf({ spec, homes: whole, exchange, index, links, modelSize })
    },
    movement: (region, place) =>
      region === place ? stays : movementOf(index, links, { from: region, to: place, bytes: bytesOf.get(region) ?? 0 }),
    wire: (exchange) => {
      const counts = data.map((each) => each.samples)
      const least = exchange === null || modelSize === null ? null : leastTraffic(spec, exchange, modelSize, counts)
      if (least === null || modelSize === null) return noWire
      return {
        isOverlapped: least.isOverlapped,
        models: least.models,
        swapUsd: (place, hub, models) => leastSwapUsd(index, place, hub, least.bytes(models)),
        modelBytes: least.modelBytes,
        finalBytes: modelSize.updateBytes,
        leg: (from, to) => legOf(links, from, to),
      }
    },
    partitionsOf,
    useEverything: (exchange) => {
      const partitions = data.flatMap(({ region }) => {
        const place = placeOf.get(region)
        return place === undefined ? [] : [{ place: region, dataRegions: [region], units: everyUnit(place) }]
      })
      return partitions.length < data.length ? null : estimate({ partitions, exchange })
    },
  }
}

const stays: Move = { seconds: 0, usd: 0 }

const noWire: Wire = {
  isOverlapped: true,
  models: () => 0,
  modelBytes: 0,
  finalBytes: 0,
  swapUsd: () => 0,
  leg: () => ({ delaySeconds: 0, secondsPerByte: 0 }),
}

function partitionOf(offer: Place, { place, dataRegions, units }: CandidatePartition, samples: number): Partition {
  const taken = offer.devices.filter(({ key }) => (units.get(key) ?? 0) > 0)
  const allocations = taken.map(({ key, unitsFree: _, ...device }) => ({ ...device, units: units.get(key)! }))
  return {
    region: place,
    place,
    moves: 0,
    samples,
    dataRegions,
    allocations,
    loadPower: throughputOf(offer, units) / samples,
  }
}

/** Samples of one epoch by region, in ascending order; regions with 0 samples hold no data. */
export function samplesByRegion(spec: JobSpec): readonly (readonly [string, number])[] {
  const samples = new Map<string, number>()
  for (const shard of spec.shards) {
    if (shard.samples > 0) samples.set(shard.region, (samples.get(shard.region) ?? 0) + shard.samples)
  }
  return [...samples].sort(([a], [b]) => (a < b ? -1 : 1))
}

function dataRegion(
  spec: JobSpec,
  may: MayMove,
  region: string,
  samples: number,
  places: readonly Place[],
): DataRegion {
  const shards = spec.shards.filter((shard) => shard.region === region)
  return {
    region,
    samples,
    bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    places: places.map((place) => place.region).filter((to) => to === region || may(region, to)),
  }
}
