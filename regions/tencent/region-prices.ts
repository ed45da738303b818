// One region of Tencent Cloud: for each zone, machine and market what it costs by the hour and whether there is stock. Of prices in
// steps the first one counts, for the first 96 hours; longer use gets cheaper than planned, never dearer.
import type { RefreshRequest } from '#regions/adapter.ts'
import type { Market, Price } from '#regions/catalogue.ts'
import { forAnyZone } from '#regions/cloud/any-zone.ts'
import { unbelievable } from '#regions/cloud/cloud-api.ts'
import { pricesPerRegionMax } from '#regions/cloud/config.ts'
import { usdRate } from '#regions/cloud/usd-rate.ts'
import { rowKey, type LayerPrice, type LayerRegion } from '#regions/layer.ts'
import { configsSchema, read, zonesSchema, type ZoneConfig } from './answers.ts'
import type { TencentClients } from './clients.ts'
import { cpuInstanceTypes, deviceModelByFamily } from './config.ts'

const chargeTypes: Readonly<Record<Market, string>> = { 'on-demand': 'POSTPAID_BY_HOUR', spot: 'SPOTPAID' }

export type PricingContext = Pick<RefreshRequest, 'usdPer' | 'instanceTypes' | 'signal'> & { readonly pricedOn: string }

export async function regionLayer(
  clients: TencentClients,
  region: string,
  context: PricingContext,
): Promise<LayerRegion> {
  const [zones, onDemand, spot] = await Promise.all([
    zonesOf(clients, region, context.signal),
    configsOf(clients, region, 'on-demand', context),
    configsOf(clients, region, 'spot', context),
  ])
  const rate = usdRate(context.usdPer, clients.currency)
  const rows = (market: Market, configs: readonly ZoneConfig[]): readonly LayerPrice[] =>
    configs
      .filter(({ Zone }) => zones.has(Zone))
      .flatMap(
        (config) => rowOf(market, config, { currency: clients.currency, rate, pricedOn: context.pricedOn }) ?? [],
      )
  const stays = cheapestOfEach(rows('on-demand', onDemand))
  const ceilings = new Map(stays.map((row) => [`${row.instanceType} ${row.zone}`, row.usdPerUnitHour]))
  // Nobody chooses capacity that may be taken away at the price of capacity that stays.
  const goes = cheapestOfEach(rows('spot', spot)).filter(
    ({ instanceType, zone, usdPerUnitHour }) =>
      usdPerUnitHour < (ceilings.get(`${instanceType} ${zone}`) ?? Number.POSITIVE_INFINITY),
  )
  const prices = [...stays, ...goes]
  if (prices.length > pricesPerRegionMax)
    throw unbelievable(region, `has ${prices.length} prices, more than ${pricesPerRegionMax}`)
  const isWhole = context.instanceTypes.length === 0
  return {
    name: `tencent/${region}`,
    provider: 'tencent',
    coordinates: null,
    storageUsdPerGbMonth: null,
    prices: isWhole ? prices : [...prices, ...forAnyZone(prices)],
    // Where nothing at all was found of a market, what was known before is the better guess.
    complete: isWhole ? [...new Set<Market>(prices.map(({ market }) => market))].sort() : [],
  }
}

async function zonesOf(clients: TencentClients, region: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const answer = await clients.ask('DescribeZones', region, {}, signal)
  const { ZoneSet } = read(`DescribeZones in ${region}`, zonesSchema, answer)
  return new Set(ZoneSet.filter(({ ZoneState }) => ZoneState !== 'UNAVAILABLE').map(({ Zone }) => Zone))
}

async function configsOf(
  clients: TencentClients,
  region: string,
  market: Market,
  { instanceTypes, signal }: PricingContext,
): Promise<readonly ZoneConfig[]> {
  const wanted =
    instanceTypes.length > 0
      ? [{ Name: 'instance-type', Values: [...instanceTypes] }]
      : [
          { Name: 'instance-family', Values: Object.keys(deviceModelByFamily) },
          { Name: 'instance-type', Values: [...cpuInstanceTypes] },
        ]
  const charge = { Name: 'instance-charge-type', Values: [chargeTypes[market]] }
  const answers = await Promise.all(
    wanted.map(async (filter) => {
      const action = 'DescribeZoneInstanceConfigInfos'
      const answer = await clients.ask(action, region, { Filters: [charge, filter] }, signal)
      return read(`${action} in ${region}`, configsSchema, answer).InstanceTypeQuotaSet
    }),
  )
  // A server that overlooks the filter must not turn one market's prices into the other's.
  return answers.flat().filter(({ InstanceChargeType: type }) => (type ?? chargeTypes[market]) === chargeTypes[market])
}

type Money = { readonly currency: string; readonly rate: number; readonly pricedOn: string }

/** Null for what trains nothing here, and for what is not sold by the hour. */
export function rowOf(market: Market, config: ZoneConfig, { currency, rate, pricedOn }: Money): LayerPrice | null {
  const machine = machineOf(config)
  const { Price: price } = config
  const perHour = nonZero(price?.UnitPriceDiscount) ?? nonZero(price?.UnitPrice)
  if (machine === null || perHour === null) return null
  if (price?.ChargeUnit !== undefined && price.ChargeUnit !== null && price.ChargeUnit !== 'HOUR') return null
  const perUnitHour = perHour / machine.devices
  return {
    deviceModel: machine.deviceModel,
    market,
    instanceType: config.InstanceType,
    zone: config.Zone,
    usdPerUnitHour: perUnitHour * rate,
    perUnitHour,
    currency,
    pricedOn,
    lossesPerHour: market === 'on-demand' ? 0 : null,
    stock: stockOf(config),
  }
}

function machineOf(config: ZoneConfig): { readonly deviceModel: string; readonly devices: number } | null {
  if (cpuInstanceTypes.some((type) => type === config.InstanceType)) return unitsOf('cpu', config.Cpu)
  const family = config.InstanceFamily ?? config.InstanceType.split('.')[0]!
  const deviceModel = Object.hasOwn(deviceModelByFamily, family) ? deviceModelByFamily[family]! : null
  // A quarter of a GPU is no unit: GpuCount tells, where Gpu rounds.
  return deviceModel === null ? null : unitsOf(deviceModel, config.GpuCount ?? config.Gpu)
}

function unitsOf(deviceModel: string, count: number | null | undefined) {
  const devices = count ?? 0
  return Number.isInteger(devices) && devices >= 1 && devices <= 1024 ? { deviceModel, devices } : null
}

/** Less than a millionth of a unit of money is rounding, not a price. */
function nonZero(amount: number | null | undefined): number | null {
  return amount === undefined || amount === null || amount < 1e-6 ? null : amount
}

function stockOf({ Status, StatusCategory }: ZoneConfig): Price['stock'] {
  if (Status === 'SOLD_OUT' || StatusCategory === 'WithoutStock') return 'none'
  if (StatusCategory === 'UnderStock') return 'low'
  return StatusCategory === 'EnoughStock' || StatusCategory === 'NormalStock' ? 'enough' : 'unknown'
}

/** One machine may be listed with several kinds of disk or network. */
function cheapestOfEach(rows: readonly LayerPrice[]): readonly LayerPrice[] {
  const cheapest = new Map<string, LayerPrice>()
  for (const row of rows) {
    const before = cheapest.get(rowKey(row))
    if (before === undefined || row.usdPerUnitHour < before.usdPerUnitHour) cheapest.set(rowKey(row), row)
  }
  return [...cheapest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}
