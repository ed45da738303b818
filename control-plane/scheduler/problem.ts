// A job on a set of places as the problem that a policy decides: what data there is and where it may go, the ways to
// synchronise, and what any choice among them would take and cost.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Exchange, Forecast, ModelSize, Partition } from '#control-plane/model/plan.ts'
import type { Links } from './exchange.ts'
import { exchangesOf } from './exchanges.ts'
import { floorOf, forecast } from './forecast.ts'
import { mayMove } from './may-move.ts'
import {
  throughputOf,
  type Candidate,
  type DataRegion,
  type Floor,
  type Home,
  type Place,
  type Problem,
} from './policy.ts'
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

export class JobProblem implements Problem {
  readonly objective: Problem['objective']
  readonly budget: Problem['budget']
  readonly nowMs: number
  readonly epochs: number
  readonly data: readonly DataRegion[]
  readonly places: readonly Place[]
  readonly exchanges: Problem['exchanges']
  readonly #input: ProblemInput
  readonly #places: ReadonlyMap<string, Place>
  readonly #samples: ReadonlyMap<string, number>

  constructor(input: ProblemInput) {
    const { spec, places } = input
    const samples = samplesByRegion(spec)
    this.objective = spec.objective
    this.budget = spec.budget
    this.nowMs = input.nowMs
    this.epochs = spec.training.epochs
    this.data = samples.map(([region, count]) => dataRegion(spec, region, count, places))
    this.places = places
    this.exchanges = exchangesOf(spec.sync, input.modelSize)
    this.#input = input
    this.#places = new Map(places.map((place) => [place.region, place]))
    this.#samples = new Map(samples)
  }

  readonly estimate = (candidate: Candidate): Forecast => {
    const { spec, index, links, modelSize, throughput } = this.#input
    const partitions = this.partitionsOf(candidate)
    const models = partitions.flatMap(({ allocations }) => allocations.map(({ deviceModel }) => deviceModel))
    const throughputSource = weakestSource(models.flatMap((model) => throughput(model)?.source ?? []))
    return forecast({ spec, partitions, exchange: candidate.exchange, index, links, modelSize, throughputSource })
  }

  readonly floor = (homes: readonly Home[], exchange: Exchange | null): Floor => {
    const { spec, index, links, modelSize } = this.#input
    const whole = homes.map((home) => ({ ...home, samples: this.#samplesOf(home) }))
    return floorOf({ spec, homes: whole, exchange, index, links, modelSize })
  }

  /** In ascending order of region. */
  partitionsOf({ partitions }: Candidate): readonly Partition[] {
    return partitions
      .map((partition): Partition => {
        const { place, dataRegions, units } = partition
        const offer = this.#places.get(place)!
        const samples = this.#samplesOf(partition)
        const allocations = offer.devices.flatMap(({ key, unitsFree: _, ...device }) => {
          const taken = units.get(key) ?? 0
          return taken > 0 ? [{ ...device, units: taken }] : []
        })
        const loadPower = throughputOf(offer, units) / samples
        return { region: place, place, samples, dataRegions, allocations, loadPower }
      })
      .sort((a, b) => (a.region < b.region ? -1 : 1))
  }

  /** Every unit of every region with data; null where some of it could not stay. */
  useEverything(exchange: Exchange | null): Forecast | null {
    const partitions = this.data.flatMap(({ region }) => {
      const place = this.#places.get(region)
      return place === undefined ? [] : [{ place: region, dataRegions: [region], units: everyUnit(place) }]
    })
    return partitions.length < this.data.length ? null : this.estimate({ partitions, exchange })
  }

  #samplesOf({ dataRegions }: Home): number {
    return dataRegions.reduce((sum, region) => sum + (this.#samples.get(region) ?? 0), 0)
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

function dataRegion(spec: JobSpec, region: string, samples: number, places: readonly Place[]): DataRegion {
  const shards = spec.shards.filter((shard) => shard.region === region)
  return {
    region,
    samples,
    bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    places: places.map((place) => place.region).filter((to) => to === region || mayMove(spec, region, to)),
  }
}
