// A catalogue's price and link files from those that others publish. Everything is a function of the tables: the same ones
// give the same bytes, in order, so that two versions can be compared line by line.
import { assumedLinks } from './assumed-links.ts'
import { awsPrices } from './aws.ts'
import { deviceMemories, deviceModels, type ModelMemory } from './devices.ts'
import { gcpPrices } from './gcp.ts'
import { machineRows } from './machines.ts'
import { places, type PlaceRow } from './places.ts'
import type { EgressRow, LinkRow, MachineRow, PriceRow, Records } from './rows.ts'
import { egressRows, links } from './wan.ts'

/** The publishers' tables by their names under the folder that main.ts is given. */
export const tables = {
  awsOnDemand: 'catalog/aws_on_demand_static_regions_2026-07.csv',
  awsSpot: 'catalog/aws_gpu_spot_advisor_2025-06.csv',
  awsSpecs: 'catalog/aws_accelerator_specs.csv',
  gcpPrices: 'gpu-prices/gcp_gpu_latest_all_types.csv',
  gcpSold: 'catalog/gcp_gpu_machine_types_by_zone_2023-05.csv',
  tencentMachines: 'catalog/tencent_gpu_instances.csv',
  throughput: 'wan-skyplane/throughput_2022-11_71regions_64conn.csv',
  roundTrips: 'wan-skyplane/latency_2022-04_rtt_ms.csv',
  egress: 'wan-skyplane/egress_cost_usd_per_gb_71regions.csv',
} as const

export type Tables = Readonly<Record<keyof typeof tables, Records>>

/** File name and content of each. `linksByHand` are pairs ("from to") that links-assumed.csv has. */
export function importCatalogue(from: Tables, linksByHand: ReadonlySet<string>): ReadonlyMap<string, string> {
  const aws = { onDemand: from.awsOnDemand, spot: from.awsSpot, specs: from.awsSpecs }
  const prices = [...awsPrices(aws, namesOf('aws')), ...gcpPrices(from.gcpPrices, from.gcpSold, namesOf('gcp'))]
  const machines = { aws: from.awsSpecs, gcp: from.gcpSold, tencent: from.tencentMachines }
  const memories = deviceMemories(from.awsSpecs, from.tencentMachines)
  const deviceLine = ({ name, relativeSpeed }: (typeof deviceModels)[number]): Line => [
    name,
    relativeSpeed,
    ...memoryOf(memories.get(name)),
  ]
  const wan = { throughput: from.throughput, roundTrips: from.roundTrips, egress: from.egress }
  const measured = links(wan, new Map(places.map((place) => [place.name, place])))
  const assumed = assumedLinks(measured, places, linksByHand)
  return new Map([
    ['devices.csv', csv(['device_model', 'relative_speed', 'memory_gib', 'source'], deviceModels.map(deviceLine))],
    ['machines.csv', csv(machineColumns, machineRows(machines).map(machineLine))],
    ['regions.csv', csv(regionColumns, places.map(regionLine))],
    ['prices.csv', csv(priceColumns, prices.map(priceLine))],
    ['links.csv', csv(['from', 'to', 'mbit_s', 'rtt_ms', 'source'], [...measured, ...assumed].map(linkLine))],
    [
      'egress.csv',
      csv(['from', 'to', 'kind', 'up_to', 'price', 'currency', 'source'], egressRows(wan).map(egressLine)),
    ],
  ])
}

const regionColumns = ['name', 'provider', 'latitude', 'longitude', 'storage_usd_per_gb_month', 'source'] as const
const priceColumns = [
  'region',
  'zone',
  'instance_type',
  'device_model',
  'devices',
  'market',
  'per_instance_hour',
  'currency',
  'priced_on',
  'losses_per_hour',
  'source',
] as const

const machineColumns = [
  'provider',
  'instance_type',
  'device_model',
  'devices',
  'vcpus',
  'memory_gib',
  'network_mbit_s',
  'zones',
  'source',
] as const

function namesOf(provider: string): ReadonlySet<string> {
  return new Set(places.filter((each) => each.provider === provider).map(({ name }) => name.slice(provider.length + 1)))
}

type Line = readonly (string | number)[]

/** GiB and source of all the row. */
function memoryOf(memory: ModelMemory | undefined): Line {
  return [memory?.gib ?? '', ['assumed-speed', ...(memory?.sources ?? [])].join('+')]
}

function regionLine({ name, provider, latitude, longitude }: PlaceRow): Line {
  return [name, provider, latitude, longitude, 0.023, 'assumed-storage']
}

function priceLine(row: PriceRow): Line {
  const { region, zone, instanceType, deviceModel, devices, market, perInstanceHour, currency } = row
  const what = [region, zone, instanceType, deviceModel, devices, market]
  return [...what, perInstanceHour, currency, row.pricedOn, row.lossesPerHour, row.source]
}

function machineLine(row: MachineRow): Line {
  const { provider, instanceType, deviceModel, devices, vcpus, memoryGib, networkMbit, zones, source } = row
  return [provider, instanceType, deviceModel, devices, vcpus, memoryGib, networkMbit, zones, source]
}

function linkLine({ from: a, to: b, mbitPerSecond, roundTripMs, source }: LinkRow): Line {
  return [a, b, mbitPerSecond, roundTripMs, source]
}

function egressLine({ from: a, to: b, kind, price, source }: EgressRow): Line {
  return [a, b, kind, '', price, 'USD', source]
}

/** No value has a comma or a quote. */
function csv(columns: readonly string[], lines: readonly Line[]): string {
  const texts = lines.map((line) => line.join(',')).sort()
  return `${columns.join(',')}\n${texts.join('\n')}\n`
}
