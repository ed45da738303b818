// A catalogue as text: its head, then one table.
import type { CatalogueLink, EgressPrice, Price } from '#regions/catalogue.ts'
import type { Style } from '../../output.ts'
import { renderTable } from '../../table.ts'
import { formatUsd } from '../../units.ts'
import type { DeviceSummary, Head, OneRegion, RegionSummary } from './views.ts'

export function renderHead({ version, hash, usdPer }: Head, style: Style): string {
  const rates = usdPer.map(({ currency, usd }) => `1 ${currency} = ${usd} USD`)
  return [`catalogue ${style.bold(version)} (${hash.slice(0, 12)})`, ...rates].join(', ')
}

export function renderRegions(regions: readonly RegionSummary[], style: Style): string {
  return renderTable(
    [
      { head: 'region' },
      { head: 'prices', align: 'right' },
      { head: 'cheapest per unit-hour' },
      { head: 'storage', align: 'right' },
      { head: 'devices' },
    ],
    regions.map((region) => [
      region.name,
      String(region.prices),
      region.cheapest === null ? style.yellow('no price') : priceText(region.cheapest),
      region.storageUsdPerGbMonth === null ? '-' : `${formatUsd(region.storageUsdPerGbMonth)}/GB-month`,
      region.deviceModels.join(' '),
    ]),
    style,
  )
}

function priceText({ usdPerUnitHour, deviceModel, market }: Price): string {
  return `${formatUsd(usdPerUnitHour)} ${deviceModel}${market === 'spot' ? ' spot' : ''}`
}

export function renderRegion(region: OneRegion, style: Style): string {
  const { name, coordinates, storageUsdPerGbMonth, prices, linksFrom } = region
  const where = coordinates === null ? '' : `  at ${coordinates.latitude}, ${coordinates.longitude}`
  const storage = storageUsdPerGbMonth === null ? '' : `  storage ${formatUsd(storageUsdPerGbMonth)} per GB-month`
  const head = `${style.bold(name)}${where}${storage}`
  const table =
    prices.length === 0 ? style.yellow('no price is known here, so nothing is placed') : pricesTable(prices, style)
  return [head, table, linksFrom.length === 0 ? style.dim('no links') : renderLinks(linksFrom, style)].join('\n\n')
}

function pricesTable(prices: readonly Price[], style: Style): string {
  return renderTable(
    [
      { head: 'device' },
      { head: 'market' },
      { head: 'instance type' },
      { head: 'zone' },
      { head: 'per unit-hour', align: 'right' },
      { head: 'as stated', align: 'right' },
      { head: 'priced on' },
      { head: 'lost per 1000 h', align: 'right' },
    ],
    prices.map((price) => [
      price.deviceModel,
      price.market,
      price.instanceType === '' ? 'any' : price.instanceType,
      price.zone === '' ? 'every' : price.zone,
      formatUsd(price.usdPerUnitHour),
      price.currency === 'USD' ? '' : `${Number(price.perUnitHour.toPrecision(4))} ${price.currency}`,
      price.pricedOn,
      price.lossesPerHour === 0 ? '' : String(Number((price.lossesPerHour * 1000).toPrecision(2))),
    ]),
    style,
  )
}

export function renderLinks(links: readonly CatalogueLink[], style: Style): string {
  return renderTable(
    [
      { head: 'from' },
      { head: 'to' },
      { head: 'Mbit/s', align: 'right' },
      { head: 'round trip', align: 'right' },
      { head: 'egress' },
    ],
    links.map(({ from, to, mbitPerSecond, roundTripMs, egress }) => [
      from,
      to,
      String(mbitPerSecond),
      `${roundTripMs} ms`,
      egressText(egress),
    ]),
    style,
  )
}

/** For example "$0.090/GB to 10000 GB, then $0.085/GB". */
export function egressText(egress: EgressPrice): string {
  if (egress.kind === 'per-gb') {
    return egress.tiers
      .map(({ upToGb, usdPerGb }) => tierText(`${formatUsd(usdPerGb)}/GB`, upToGb, 'GB'))
      .join(', then ')
  }
  return egress.tiers
    .map(({ upToMbit, usdPerMbitMonth }) =>
      tierText(`${formatUsd(usdPerMbitMonth)} per Mbit/s and month (95th percentile)`, upToMbit, 'Mbit/s'),
    )
    .join(', then ')
}

function tierText(price: string, upTo: number | null, unit: string): string {
  return upTo === null ? price : `${price} to ${upTo} ${unit}`
}

export function renderDevices(devices: readonly DeviceSummary[], style: Style): string {
  const cheapest = (found: DeviceSummary['spot']): string =>
    found === null ? '' : `${formatUsd(found.usdPerUnitHour)}  ${found.region} ${found.instanceType}`
  return renderTable(
    [
      { head: 'device' },
      { head: 'speed', align: 'right' },
      { head: 'memory', align: 'right' },
      { head: 'regions', align: 'right' },
      { head: 'cheapest on demand' },
      { head: 'cheapest spot' },
    ],
    devices.map((device) => [
      device.deviceModel,
      String(device.relativeSpeed),
      device.memoryGib === null ? '' : `${device.memoryGib} GiB`,
      String(device.regions),
      cheapest(device.onDemand),
      cheapest(device.spot),
    ]),
    style,
  )
}
