// `node regions/import/main.ts FROM OUT` makes a catalogue's price and link files from those that others publish, so that the
// next version is one command. FROM holds the publishers' tables as CSV: catalog/ (Karpenter, spotinfo, AWS and GCP machine types),
// gpu-prices/ (GCP) and wan-skyplane/. OUT's hand-written files (*-assumed.csv, catalogue.yaml) stay as they are.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { awsPrices } from './aws.ts'
import { deviceModels } from './devices.ts'
import { gcpPrices } from './gcp.ts'
import { places, type PlaceRow } from './places.ts'
import type { EgressRow, LinkRow, PriceRow, Records } from './rows.ts'
import { egressRows, estimatedMs, links } from './wan.ts'

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
const linkColumns = ['from', 'to', 'mbit_s', 'rtt_ms', 'source'] as const
const egressColumns = ['from', 'to', 'kind', 'up_to', 'price', 'currency', 'source'] as const

function importAll(source: string, target: string): void {
  const read = (path: string): Records => parse(readFileSync(join(source, path), 'utf8'), { columns: true }) as Records
  const namesOf = (provider: string): ReadonlySet<string> =>
    new Set(places.filter((each) => each.provider === provider).map(({ name }) => name.slice(provider.length + 1)))
  const aws = {
    onDemand: read('catalog/aws_on_demand_static_regions_2026-07.csv'),
    spot: read('catalog/aws_gpu_spot_advisor_2025-06.csv'),
    specs: read('catalog/aws_accelerator_specs.csv'),
  }
  const gcp = gcpPrices(
    read('gpu-prices/gcp_gpu_latest_all_types.csv'),
    read('catalog/gcp_gpu_machine_types_by_zone_2023-05.csv'),
    namesOf('gcp'),
  )
  const wan = {
    throughput: read('wan-skyplane/throughput_2022-11_71regions_64conn.csv'),
    roundTrips: read('wan-skyplane/latency_2022-04_rtt_ms.csv'),
    egress: read('wan-skyplane/egress_cost_usd_per_gb_71regions.csv'),
  }
  const byName = new Map(places.map((place) => [place.name, place]))
  const measured = links(wan, byName)
  write(join(target, 'devices.csv'), ['device_model', 'relative_speed', 'source'], deviceModels.map(deviceLine))
  write(join(target, 'regions.csv'), regionColumns, places.map(regionLine))
  write(join(target, 'prices.csv'), priceColumns, [...awsPrices(aws, namesOf('aws')), ...gcp].map(priceLine))
  write(join(target, 'links.csv'), linkColumns, [...measured, ...assumedLinks(measured, byName)].map(linkLine))
  write(join(target, 'egress.csv'), egressColumns, egressRows(wan).map(egressLine))
}

/** Toward regions that nobody has measured: a line as assumed for the others of their cloud. */
function assumedLinks(measured: readonly LinkRow[], byName: ReadonlyMap<string, PlaceRow>): readonly LinkRow[] {
  const known = new Set(measured.flatMap(({ from: a, to: b }) => [a, b]))
  const inGrid = [...known].sort()
  const outside = places.filter(({ name, provider }) => !known.has(name) && provider === 'tencent')
  // These are written by hand, with what is known of them.
  const byHand = new Set(['aws/eu-west-1', 'aws/us-east-1', 'aws/us-west-2'])
  return outside.flatMap((place) =>
    inGrid
      .filter((name) => !byHand.has(name))
      .flatMap((name): LinkRow[] => {
        const roundTripMs = estimatedMs(place, byName.get(name)!)
        const mbitPerSecond = place.name === 'tencent/ap-singapore' ? 500 : 100
        const row = { mbitPerSecond, roundTripMs, source: 'assumed-wan+estimated-rtt' }
        return [
          { from: place.name, to: name, ...row },
          { from: name, to: place.name, ...row },
        ]
      }),
  )
}

type Line = readonly (string | number)[]

function deviceLine({ name, relativeSpeed }: (typeof deviceModels)[number]): Line {
  return [name, relativeSpeed, 'assumed-speed']
}

function regionLine({ name, provider, latitude, longitude }: PlaceRow): Line {
  return [name, provider, latitude, longitude, 0.023, 'assumed-storage']
}

function priceLine(row: PriceRow): Line {
  const {
    region,
    zone,
    instanceType,
    deviceModel,
    devices,
    market,
    perInstanceHour,
    currency,
    pricedOn,
    lossesPerHour,
  } = row
  const what = [region, zone, instanceType, deviceModel, devices, market]
  return [...what, perInstanceHour, currency, pricedOn, lossesPerHour, row.source]
}

function linkLine({ from: a, to: b, mbitPerSecond, roundTripMs, source }: LinkRow): Line {
  return [a, b, mbitPerSecond, roundTripMs, source]
}

function egressLine({ from: a, to: b, kind, price, source }: EgressRow): Line {
  return [a, b, kind, '', price, 'USD', source]
}

/** In order, so that two versions can be compared line by line. No value has a comma or a quote. */
function write(path: string, columns: readonly string[], lines: readonly Line[]): void {
  const texts = lines.map((line) => line.join(',')).sort()
  writeFileSync(path, `${columns.join(',')}\n${texts.join('\n')}\n`)
}

const [from, out] = process.argv.slice(2)
if (from === undefined || out === undefined) {
  console.error('usage: node regions/import/main.ts FROM OUT')
  process.exitCode = 2
} else {
  importAll(from, out)
}
