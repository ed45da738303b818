// Jobs as a team might have them, on the regions, prices and links of a catalogue: image, language and click models of 10 MB to
// 4 GB, data in one to eight regions, GPUs of a few classes free in each, a third of the jobs with data that may move.
import type { Catalogue } from '#regions/catalogue.ts'
import { aShard, aSpec, aSync } from '#control-plane/model/builders.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { classKey } from '#control-plane/model/device-class.ts'
import type { DeviceOffer, Place } from '#control-plane/scheduler/policy.ts'
import { jobProblem, type JobProblem } from '#control-plane/scheduler/problem.ts'
import type { ThroughputOf } from '#control-plane/scheduler/throughput.ts'
import { seededRandom, type Random } from '#runtime/random.ts'

export type Mix = {
  readonly dataRegionsMax: number
  /** Share of jobs whose data may move: half of them within the region's cloud, half anywhere. */
  readonly movableShare: number
  /** Device classes with free units in a region, at most. */
  readonly classesMax: number
}

/** A job that some plan can be made for. */
export function randomJob(seed: number, index: CatalogueIndex, mix: Mix): JobProblem {
  const random = seededRandom(seed)
  const { catalogue } = index
  const modelBytes = logUniform(random, 1e7, 4e9)
  const speedOf = randomSpeeds(random, catalogue, modelBytes)
  const places = catalogue.regions.flatMap((region) => placeIn(random, index, region.name, speedOf, mix.classesMax))
  const mayMove = random.next() < mix.movableShare
  const isAnywhere = random.next() < 0.5
  // Data that can not move lies where something can train on it.
  const homes = mayMove ? catalogue.regions.map(({ name }) => name) : places.map(({ region }) => region)
  const count = 1 + random.integer(mix.dataRegionsMax)
  const regions = [...new Set(Array.from({ length: count }, () => pick(random, homes)))].sort()
  const bytesPerSample = logUniform(random, 1e3, 1e6)
  const shards = regions.map((region) => {
    const samples = Math.round(logUniform(random, 1e5, 1e7))
    const targets = isAnywhere ? ['*'] : [`${region.slice(0, region.indexOf('/'))}/*`]
    return aShard(region, samples, { bytes: Math.round(samples * bytesPerSample), mayMoveTo: mayMove ? targets : [] })
  })
  const modelSize = { updateBytes: Math.round(modelBytes), samplesPerStep: pick(random, [32, 64, 128, 256, 512]) }
  const base = aSpec({ shards, sync: aSync({ strategy: 'auto' }, shards.length), policy: 'least-cost' })
  const spec = { ...base, training: { ...base.training, epochs: epochsFor(random, shards, places, speedOf) } }
  const throughput: ThroughputOf = (model) => {
    const samplesPerSecond = speedOf.get(model)
    return samplesPerSecond === undefined ? null : { samplesPerSecond, source: 'measured' }
  }
  const problem = jobProblem({ spec, nowMs: 0, index, links: index.link, modelSize, throughput, places })
  const isPossible = problem.data.every((data) => data.places.length > 0)
  return isPossible ? problem : randomJob(seed + 1_000_003, index, mix)
}

/**
 * A T4 trains about 200 samples/s of a model of 100 MB (ResNet-50), and fewer the larger the model is. Which GPU is how much
 * faster depends on the model too: a V100 is 0.7 to 14 times a K80.
 */
function randomSpeeds(random: Random, { deviceModels }: Catalogue, modelBytes: number): ReadonlyMap<string, number> {
  const atT4 = (2e10 / modelBytes) * logUniform(random, 0.5, 2)
  const exponent = 0.4 + 0.6 * random.next()
  return new Map(
    deviceModels
      .filter(({ name }) => name !== 'cpu')
      .map(({ name, relativeSpeed }) => [name, atT4 * (relativeSpeed / 100) ** exponent * (0.8 + 0.4 * random.next())]),
  )
}

function placeIn(
  random: Random,
  index: CatalogueIndex,
  region: string,
  speedOf: ReadonlyMap<string, number>,
  classesMax: number,
): readonly Place[] {
  const prices = index.region(region)?.prices ?? []
  const classes = new Map(
    prices
      .filter(({ deviceModel }) => speedOf.has(deviceModel))
      .map(({ deviceModel, market }) => ({ deviceModel, market, zone: '', instanceType: '' }))
      .map((device) => [classKey(device), device]),
  )
  const chosen = [...classes].filter(() => random.next() < 0.6).slice(0, classesMax)
  const devices = chosen
    .map(([key, device]): DeviceOffer => {
      const price = index.price(region, device)!
      const { usdPerUnitHour, lossesPerHour } = price
      const samplesPerSecondPerUnit = speedOf.get(device.deviceModel)!
      const unitsFree = pick(random, [1, 2, 4, 8, 16, 24])
      return { ...device, key, unitsFree, samplesPerSecondPerUnit, usdPerUnitHour, lossesPerHour }
    })
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  if (devices.length === 0) return []
  return [{ region, unitsMax: devices.reduce((sum, { unitsFree }) => sum + unitsFree, 0), devices }]
}

/** So many that the job takes some hours on a dozen units. */
function epochsFor(
  random: Random,
  shards: readonly { readonly samples: number }[],
  places: readonly Place[],
  speedOf: ReadonlyMap<string, number>,
): number {
  const samples = shards.reduce((sum, shard) => sum + shard.samples, 0)
  const speeds = [...speedOf.values()].sort((a, b) => a - b)
  const typical = 12 * speeds[Math.floor(speeds.length / 2)]! * Math.min(places.length, shards.length)
  return Math.max(1, Math.round((logUniform(random, 1, 24) * 3600 * typical) / samples))
}

function logUniform(random: Random, min: number, max: number): number {
  return Math.exp(Math.log(min) + random.next() * (Math.log(max) - Math.log(min)))
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.integer(values.length)]!
}
