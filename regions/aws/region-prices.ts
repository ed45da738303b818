// One region's part of a fetched layer: on-demand prices of machines that some zone has, and spot prices zone by zone.
import type { RefreshRequest } from '#regions/adapter.ts'
import type { Market } from '#regions/catalogue.ts'
import { forAnyZone } from '#regions/cloud/any-zone.ts'
import { pricesPerRegionMax } from '#regions/cloud/config.ts'
import { unbelievable } from '#regions/cloud/cloud-api.ts'
import { usdRate } from '#regions/cloud/usd-rate.ts'
import type { LayerPrice, LayerRegion } from '#regions/layer.ts'
import type { AwsClients } from './clients.ts'
import { listPricesIn, type ListPrice } from './list-prices.ts'
import { machinesIn, type Machine } from './machines.ts'
import { partitionOf } from './partitions.ts'
import { stockOf, type Scores } from './placement-scores.ts'
import { spotPricesIn, type SpotRow } from './spot-prices.ts'
import { zonesByMachine, zonesIn } from './zones.ts'

/** What AWS said of a region. */
export type RegionFacts = {
  readonly region: string
  readonly machines: readonly Machine[]
  /** Names by id. */
  readonly zones: ReadonlyMap<string, string>
  readonly zonesByMachine: ReadonlyMap<string, ReadonlySet<string>>
  readonly listPrices: readonly ListPrice[]
  readonly spotPrices: readonly SpotRow[]
}

export async function askRegion(
  clients: AwsClients,
  region: string,
  { instanceTypes, signal }: Pick<RefreshRequest, 'instanceTypes' | 'signal'>,
  nowMs: number,
): Promise<RegionFacts> {
  const machines = await machinesIn(clients, region, instanceTypes, signal)
  const names = machines.map(({ instanceType }) => instanceType)
  const [zones, offered, spotPrices, listPrices] = await Promise.all([
    zonesIn(clients, region, signal),
    zonesByMachine(clients, region, names, signal),
    spotPricesIn(clients, region, names, nowMs, signal),
    listPricesIn(clients, region, instanceTypes, signal),
  ])
  return { region, machines, zones, zonesByMachine: offered, listPrices, spotPrices }
}

export type PricingContext = {
  readonly usdPer: RefreshRequest['usdPer']
  readonly pricedOn: string
  /** By device model. */
  readonly scores: ReadonlyMap<string, Scores>
  /** Not of some machines only. */
  readonly isWhole: boolean
}

export function regionLayer(facts: RegionFacts, context: PricingContext): LayerRegion {
  const onDemand = onDemandRows(facts, context)
  const spot = spotRows(facts, context, onDemand)
  const prices = [...onDemand, ...spot]
  if (prices.length > pricesPerRegionMax)
    throw unbelievable(facts.region, `has ${prices.length} prices, more than ${pricesPerRegionMax}`)
  const found = new Set<Market>(prices.map(({ market }) => market))
  return {
    name: `aws/${facts.region}`,
    provider: 'aws',
    coordinates: null,
    storageUsdPerGbMonth: null,
    prices,
    // Where nothing at all was found of a market, what was known before is the better guess.
    complete: context.isWhole ? [...found].sort() : [],
  }
}

function onDemandRows(facts: RegionFacts, { usdPer, pricedOn }: PricingContext): readonly LayerPrice[] {
  const listed = new Map(facts.listPrices.map((price) => [price.instanceType, price]))
  return facts.machines.flatMap(({ instanceType, deviceModel, devices }): LayerPrice[] => {
    const price = listed.get(instanceType)
    if (price === undefined || !facts.zonesByMachine.has(instanceType)) return []
    const perUnitHour = price.perHour / devices
    return [
      {
        deviceModel,
        market: 'on-demand',
        instanceType,
        zone: '',
        usdPerUnitHour: perUnitHour * usdRate(usdPer, price.currency),
        perUnitHour,
        currency: price.currency,
        pricedOn,
        lossesPerHour: 0,
        stock: 'unknown',
      },
    ]
  })
}

function spotRows(
  facts: RegionFacts,
  { usdPer, pricedOn, scores, isWhole }: PricingContext,
  onDemand: readonly LayerPrice[],
): readonly LayerPrice[] {
  const machines = new Map(facts.machines.map((machine) => [machine.instanceType, machine]))
  const ceilings = new Map(onDemand.map((row) => [row.instanceType, row.usdPerUnitHour]))
  const { currency } = partitionOf(facts.region)
  const idOf = new Map([...facts.zones].map(([id, name]) => [name, id]))
  const rows = facts.spotPrices.flatMap(({ instanceType, zone, perHour }): LayerPrice[] => {
    const machine = machines.get(instanceType)
    const id = idOf.get(zone)
    if (machine === undefined || id === undefined) return []
    const perUnitHour = perHour / machine.devices
    const usdPerUnitHour = perUnitHour * usdRate(usdPer, currency)
    // Nobody chooses capacity that may be taken away at the price of capacity that stays.
    if (usdPerUnitHour >= (ceilings.get(instanceType) ?? Number.POSITIVE_INFINITY)) return []
    return [
      {
        deviceModel: machine.deviceModel,
        market: 'spot',
        instanceType,
        zone,
        usdPerUnitHour,
        perUnitHour,
        currency,
        pricedOn,
        lossesPerHour: null,
        stock: stockOf(scores.get(machine.deviceModel)?.get(`${facts.region} ${id}`)),
      },
    ]
  })
  return isWhole ? rows : [...rows, ...forAnyZone(rows)]
}
