// GCP: prices by region from the calculator, only where the machine was listed as sold. It prints a price everywhere, and
// where a machine is not sold the spot price lacks the GPU: a spot price below a fifth of on-demand is left out.
import { gcpDevices } from './devices.ts'
import type { PriceRow, Records } from './rows.ts'

const spotShareMin = 0.2
/** Not stated; the advisor's middle bucket. */
const assumedLossesPerHour = 0.000183

export function gcpPrices(prices: Records, sold: Records, regions: ReadonlySet<string>): readonly PriceRow[] {
  const isSold = new Set(sold.map((row) => `${row['machine_type']} ${row['zone']!.replace(/-[a-z]$/, '')}`))
  return prices.flatMap((row): PriceRow[] => {
    const {
      snapshot_date: pricedOn,
      machine_type: type,
      region,
      on_demand_usd_h: onDemand,
      spot_usd_h: spot,
    } = row as Record<string, string>
    const devices = gcpDevices(type!)
    if (devices === null || !regions.has(region!) || !isSold.has(`${type} ${region}`)) return []
    const base = {
      region: `gcp/${region}`,
      zone: '',
      instanceType: type!,
      deviceModel: devices.model,
      devices: devices.count,
      currency: 'USD',
      pricedOn: pricedOn!,
      source: 'gcp-calculator',
    }
    const own: PriceRow = { ...base, market: 'on-demand', perInstanceHour: Number(onDemand), lossesPerHour: 0 }
    const cheap = Number(spot)
    if (!(cheap >= spotShareMin * own.perInstanceHour)) return [own]
    return [own, { ...base, market: 'spot', perInstanceHour: cheap, lossesPerHour: assumedLossesPerHour }]
  })
}
