// The devices of each region, as a scenario's rows describe them: fixed, drawn, or a total that is shared out by chance.
import { indexCatalogue, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { classKey, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { parseTrace, type Availability } from './availability.ts'
import { streamOf, wholeIn } from './draw.ts'
import { fits } from './region-pattern.ts'
import type { CapacityRow, Scenario } from './scenario-schema.ts'

/** Units of one class in one region. */
export type Pool = {
  readonly region: string
  readonly device: DeviceClass
  /** classKey of the device. */
  readonly key: string
  readonly units: number
  readonly availability: Availability
  /** They take shares; of each GPU. Absent: they are handed out whole. */
  readonly sharedBytes?: number
}

/** In ascending order of (region, key). `readText` gives a trace's text by the name that the scenario has for it. */
export function capacityOf(
  scenario: Scenario,
  catalogue: Catalogue,
  seed: number,
  readText: (name: string) => string,
): readonly Pool[] {
  const index = indexCatalogue(catalogue)
  const violations: FieldViolation[] = []
  const pools = scenario.capacity.flatMap((row, i) => {
    const regions = regionsOf(row, index)
    const field = `capacity[${i}]`
    if (regions.length === 0) {
      const what = `${classKey(classIn(row))} has no price in ${row.regions.join(', ')} of catalogue ${catalogue.version}`
      violations.push({ field, description: `${what}; name regions that sell it` })
    }
    const random = streamOf(seed, 'capacity', String(i))
    const units = unitsOf(row, regions.length, random)
    return regions.map((region, at): Pool => {
      const device = classIn(row)
      const availability = availabilityOf(row, index, region, `${field}.availability`, readText)
      const shared = row.shared === undefined ? {} : { sharedBytes: Math.round(row.shared.memory_gib * 2 ** 30) }
      return { region, device, key: classKey(device), units: units[at]!, availability, ...shared }
    })
  })
  violations.push(...twice(pools))
  if (violations.length > 0) throw invalid(violations, 'SCENARIO')
  return pools
    .filter(({ units }) => units > 0)
    .toSorted((a, b) => (a.region === b.region ? (a.key < b.key ? -1 : 1) : a.region < b.region ? -1 : 1))
}

function classIn({ device, market, zone, instance_type }: CapacityRow): DeviceClass {
  return { deviceModel: device, market, zone, instanceType: instance_type }
}

/** Regions that it names and that sell such a device. */
function regionsOf(row: CapacityRow, index: CatalogueIndex): readonly string[] {
  return index.catalogue.regions
    .map(({ name }) => name)
    .filter((name) => fits(name, row.regions) && index.price(name, classIn(row)) !== null)
}

function unitsOf({ units, total_units: total }: CapacityRow, regions: number, random: Random): readonly number[] {
  if (units !== undefined) return Array.from({ length: regions }, () => wholeIn(random, units))
  const weights = Array.from({ length: regions }, () => 0.2 + random.next())
  const sum = weights.reduce((all, weight) => all + weight, 0)
  // Each gets what the ones before it have not had, so that it comes out even.
  let before = 0
  let reached = 0
  return weights.map((weight) => {
    reached += weight
    const upTo = Math.round(((total ?? 0) * reached) / sum)
    const own = upTo - before
    before = upTo
    return own
  })
}

function availabilityOf(
  row: CapacityRow,
  index: CatalogueIndex,
  region: string,
  field: string,
  readText: (name: string) => string,
): Availability {
  if (row.market !== 'spot') return { kind: 'steady' }
  const given = row.availability ?? { away: 1800, notice: 120 }
  const noticeSeconds = given.notice
  if (given.trace !== undefined) {
    const trace = parseTrace(readText(given.trace), given.trace, `${field}.trace`)
    return { kind: 'trace', trace, noticeSeconds }
  }
  const lossesPerHour = given.losses_per_hour ?? index.price(region, classIn(row))?.lossesPerHour ?? 0
  return { kind: 'rates', lossesPerHour, awaySeconds: given.away, noticeSeconds }
}

function twice(pools: readonly Pool[]): readonly FieldViolation[] {
  const seen = new Set<string>()
  return pools.flatMap(({ region, key }): FieldViolation[] => {
    const name = `${key} in ${region}`
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ field: 'capacity', description: `${name} is in two rows; name it once, or give it a zone` }]
  })
}
