// Small random problems of every kind, and every plan that they have, for comparing the search with brute force.
import { seededRandom, type Random } from '#runtime/random.ts'
import { aCatalogue, aShard, aSpec, aSync, perGb } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { classKey, plainClass } from '#control-plane/model/device-class.ts'
import type { Objective } from '#control-plane/model/job.ts'
import type { CandidatePartition, DeviceOffer, Place } from '../policy.ts'
import { jobProblem, type JobProblem } from '../problem.ts'
import { throughputFor } from '../throughput.ts'

export type Limits = { readonly regions: number; readonly classes: number; readonly units: number }

/** Regions may have data, units or both; data may move or not; prices and speeds tie often. */
export function randomProblem(seed: number, { regions, classes, units }: Limits): JobProblem {
  const random = seededRandom(seed)
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!
  const names = ['a', 'b', 'c', 'd'].slice(0, 1 + random.integer(regions))
  const mayMove = random.next() < 0.5
  const moves = names.map(() => mayMove && random.next() < 0.7)
  const hasData = names.map((_, i) => i === 0 || random.next() < 0.8)
  const hasUnits = names.map((_, i) => i === 0 || !moves[i] || random.next() < 0.8)
  const places = names.flatMap((name, i) => (hasUnits[i]! ? [randomPlace(random, name, classes, units)] : []))
  const catalogue = aCatalogue(Object.fromEntries(names.map((name) => [name, {}])))
  const links = catalogue.links.map((link) => ({
    ...link,
    mbitPerSecond: pick([20, 100, 1000]),
    roundTripMs: pick([5, 50, 200]),
    egress: perGb(pick([0, 0.02, 0.1, 2])),
  }))
  const index = indexCatalogue({ ...catalogue, links })
  const shards = names
    .filter((_, i) => hasData[i])
    .map((name) =>
      aShard(name, 1000 * (1 + random.integer(20)), {
        bytes: moves[names.indexOf(name)]! ? 1e8 * (1 + random.integer(50)) : 0,
        mayMoveTo: moves[names.indexOf(name)]! ? ['*'] : [],
      }),
    )
  const strategy = pick(['asgd-ga', 'model-averaging', 'diloco', 'streaming-diloco', 'auto'])
  const sync = aSync({ strategy, ...(strategy === 'auto' ? {} : { interval: pick([4, 16, 64]) }) }, shards.length)
  const base = aSpec({ shards, sync })
  const spec = {
    ...base,
    objective: randomObjective(random),
    training: { ...base.training, epochs: 1 + random.integer(5) },
  }
  const modelSize = random.next() < 0.8 ? { updateBytes: pick([4e5, 4e6, 4e7]), samplesPerStep: 32 } : null
  const throughput = throughputFor(spec, new Map(), index)
  return jobProblem({ spec, nowMs: 0, index, links: index.link, modelSize, throughput, places })
}

function randomObjective(random: Random): Objective {
  const kind = random.integer(4)
  if (kind === 0) return { kind: 'least-time' }
  if (kind === 1) return { kind: 'deadline', atMs: 1000 * (20 + random.integer(2000)) }
  return { kind: 'least-cost', slack: [0, 0.05, 0.5, 5][random.integer(4)]! }
}

function randomPlace(random: Random, region: string, classes: number, units: number): Place {
  const devices = Array.from({ length: 1 + random.integer(classes) }, (_, i): DeviceOffer => {
    const device = {
      ...plainClass(`model-${i}`),
      market: random.next() < 0.3 ? ('spot' as const) : ('on-demand' as const),
    }
    return {
      ...device,
      key: classKey(device),
      unitsFree: 1,
      samplesPerSecondPerUnit: random.next() < 0.5 ? 10 * (1 + random.integer(20)) : 5 + 200 * random.next(),
      usdPerUnitHour: random.next() < 0.5 ? random.integer(6) : 0.05 + 5 * random.next(),
      lossesPerHour: device.market === 'spot' ? random.next() : 0,
    }
  })
  const counts = devices.map(() => 1)
  const total = Math.max(devices.length, 1 + random.integer(units))
  for (let n = devices.length; n < total; n++) counts[random.integer(counts.length)]! += 1
  const given = devices.map((device, i) => ({ ...device, unitsFree: counts[i]! }))
  const unitsMax = random.next() < 0.2 ? 1 + random.integer(total) : total
  return { region, unitsMax, devices: given.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
}

/** Every assignment of data to places, with every choice of units in each. */
export function* everyPlan({ data, places }: JobProblem): Generator<readonly CandidatePartition[]> {
  for (const assignment of everyProduct(data.map((each) => each.places))) {
    const used = [...new Set(assignment)].sort()
    const choices = used.map((name) => everyUnits(places.find(({ region }) => region === name)!))
    for (const units of everyProduct(choices)) {
      yield used.map((place, i) => ({
        place,
        dataRegions: data.map(({ region }) => region).filter((_, d) => assignment[d] === place),
        units: units[i]!,
      }))
    }
  }
}

function everyUnits({ devices, unitsMax }: Place): readonly ReadonlyMap<string, number>[] {
  const counts = everyProduct(devices.map(({ unitsFree }) => Array.from({ length: unitsFree + 1 }, (_, n) => n)))
  return [...counts]
    .filter((each) => each.some((n) => n > 0) && each.reduce((sum, n) => sum + n, 0) <= unitsMax)
    .map((each) => new Map(devices.map(({ key }, i) => [key, each[i]!])))
}

function* everyProduct<T>(lists: readonly (readonly T[])[]): Generator<readonly T[]> {
  if (lists.length === 0) return yield []
  for (const rest of everyProduct(lists.slice(0, -1))) for (const value of lists.at(-1)!) yield [...rest, value]
}
