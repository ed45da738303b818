// AWS: on-demand prices as Karpenter ships them for a few regions, and what the spot advisor says of each type in each
// region: that it is sold there, how much below on demand, and how often it is taken away.
// On-demand prices of other regions are an assumption: those of us-east-1 times a factor by continent.
import { awsDevices, type Devices } from './devices.ts'
import type { PriceRow, Records } from './rows.ts'

export type AwsFiles = { readonly onDemand: Records; readonly spot: Records; readonly specs: Records }

const basis = 'us-east-1'
const pricedRegions = [basis, 'us-gov-east-1', 'us-gov-west-1', 'cn-north-1']
/** One unit of "cpu" is one of its eight vCPUs. */
const cpuType = 'c6i.2xlarge'

export function awsPrices(files: AwsFiles, regions: ReadonlySet<string>): readonly PriceRow[] {
  const devices = new Map(files.specs.flatMap(devicesOf))
  const listed = files.onDemand.filter(({ region }) => pricedRegions.includes(region!))
  const stated = listed.flatMap((row) => statedPrice(row, devices))
  const atBasis = new Map(
    stated.filter(({ region }) => region === `aws/${basis}`).map((row) => [row.instanceType, row]),
  )
  const cpus = [...regions]
    .filter((region) => !pricedRegions.includes(region))
    .flatMap((region) => assumed(region, atBasis.get(cpuType)))
  const spots = files.spot
    .filter(({ region }) => regions.has(region!))
    .flatMap((row) => {
      const { region, instance_type: type } = row as { region: string; instance_type: string }
      const own = stated.find((each) => each.region === `aws/${region}` && each.instanceType === type)
      const onDemand = own ?? assumed(region, atBasis.get(type))[0]
      if (onDemand === undefined) return []
      return own === undefined ? [onDemand, spotOf(onDemand, row)] : [spotOf(onDemand, row)]
    })
  return [...stated.filter(({ region }) => regions.has(region.slice(4))), ...cpus, ...spots]
}

function devicesOf(row: Records[number]): readonly (readonly [string, Devices])[] {
  const { instance_type: type, gpu_model: model, gpu_count: count } = row as Record<string, string>
  const found = awsDevices(type!, model!, count!)
  return found === null ? [] : [[type!, found]]
}

function statedPrice(row: Records[number], devices: ReadonlyMap<string, Devices>): readonly PriceRow[] {
  const {
    instance_type: type,
    region,
    on_demand_per_hour: price,
    currency,
    priced_on: pricedOn,
  } = row as Record<string, string>
  const found = type === cpuType ? { model: 'cpu', count: 8 } : devices.get(type!)
  if (found === undefined) return []
  return [
    {
      region: `aws/${region}`,
      zone: '',
      instanceType: type!,
      deviceModel: found.model,
      devices: found.count,
      market: 'on-demand',
      perInstanceHour: Number(price),
      currency: currency!,
      pricedOn: pricedOn!,
      lossesPerHour: 0,
      source: 'karpenter',
    },
  ]
}

function assumed(region: string, at: PriceRow | undefined): readonly PriceRow[] {
  if (at === undefined) return []
  const perInstanceHour = Number((at.perInstanceHour * factorOf(region)).toPrecision(6))
  return [{ ...at, region: `aws/${region}`, perInstanceHour, source: 'assumed-aws-region' }]
}

function factorOf(region: string): number {
  if (region.startsWith('us-')) return 1
  return /^(eu|ca)-/.test(region) ? 1.1 : 1.25
}

function spotOf(onDemand: PriceRow, row: Records[number]): PriceRow {
  const saving = Number(row['savings_pct_vs_on_demand']) / 100
  return {
    ...onDemand,
    market: 'spot',
    perInstanceHour: Number((onDemand.perInstanceHour * (1 - saving)).toPrecision(6)),
    pricedOn: '2025-06-28',
    lossesPerHour: lossesPerHour(Number(row['interruption_bucket'])),
    source: 'spotinfo',
  }
}

/** Of a bucket's middle: that share of machines is taken away in a month of 730 hours, at a constant rate. */
function lossesPerHour(bucket: number): number {
  const share = [0.025, 0.075, 0.125, 0.175, 0.25][bucket] ?? 0.25
  return Number((-Math.log(1 - share) / 730).toPrecision(3))
}
