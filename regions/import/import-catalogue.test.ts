import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { bundledCataloguePath } from '../load-catalogue.ts'
import { importCatalogue, tables, type Tables } from './import-catalogue.ts'
import type { Records } from './rows.ts'

const onDemand = (region: string, type: string, price: number, currency = 'USD'): Records[number] => ({
  region,
  instance_type: type,
  on_demand_per_hour: String(price),
  currency,
  priced_on: '2026-07-20',
})
const spec = (type: string, model: string, count: string, memory = ''): Records[number] => ({
  instance_type: type,
  gpu_model: model,
  gpu_count: count,
  gpu_memory_gib_total: memory,
  vcpus: '48',
  memory_gib: '192.0',
  network_mbps_baseline: '50000',
})
const spot = (region: string, type: string, saving: number, bucket: number): Records[number] => ({
  region,
  instance_type: type,
  savings_pct_vs_on_demand: String(saving),
  interruption_bucket: String(bucket),
})
const gcp = (type: string, region: string, price: number, cheap: number): Records[number] => ({
  snapshot_date: '2026-07-02',
  machine_type: type,
  region,
  on_demand_usd_h: String(price),
  spot_usd_h: String(cheap),
})

const some: Tables = {
  awsOnDemand: [
    onDemand('us-east-1', 'g4dn.12xlarge', 4),
    onDemand('us-east-1', 'c6i.2xlarge', 0.34),
    onDemand('us-east-1', 'dl1.24xlarge', 13),
    onDemand('cn-north-1', 'g4dn.12xlarge', 40, 'CNY'),
    onDemand('eu-west-1', 'g4dn.12xlarge', 99),
  ],
  awsSpot: [spot('us-east-1', 'g4dn.12xlarge', 75, 0), spot('eu-west-1', 'g4dn.12xlarge', 50, 4)],
  awsSpecs: [
    spec('g4dn.12xlarge', 'NVIDIA T4 Tensor Core', '4', '64'),
    spec('dl1.24xlarge', '', '', '768'),
    spec('p3.2xlarge', 'NVIDIA Tesla V100', '1', '16'),
    spec('p5.48xlarge', 'NVIDIA H100', '8'),
  ],
  gcpPrices: [
    gcp('a2-highgpu-2g', 'us-central1', 7, 3),
    gcp('a3-highgpu-8g', 'us-central1', 88, 9),
    gcp('a2-highgpu-2g', 'us-west4', 7, 3),
  ],
  gcpSold: [
    { machine_type: 'a2-highgpu-2g', vcpus: '24', memory_gb: '170.00', zone: 'us-central1-a' },
    { machine_type: 'a3-highgpu-8g', vcpus: '208', memory_gb: '1872.00', zone: 'us-central1-c' },
  ],
  tencentMachines: [
    {
      instance_type: 'GN7.2XLARGE32',
      gpu_model: 'T4-16GB',
      gpu_count: '1',
      gpu_memory_gib_each: '16',
      vcpus: '8',
      memory_gib: '32',
      network_gbps: '1.5',
      zones: 'ap-tokyo-2;ap-seoul-1',
    },
    { instance_type: 'GN7.LARGE20', gpu_model: 'T4-16GB', gpu_count: '0.25', gpu_memory_gib_each: '4.0', zones: '' },
    {
      instance_type: 'GN10Xp.2XLARGE40',
      gpu_model: 'V100-32GB',
      gpu_count: '1',
      gpu_memory_gib_each: '32',
      vcpus: '10',
      memory_gib: '40',
      network_gbps: '3',
      zones: '',
    },
  ],
  throughput: [
    { src_region: 'aws:us-east-1', dst_region: 'gcp:us-central1-a', gbps_received: '4.5' },
    { src_region: 'gcp:us-central1-a', dst_region: 'aws:us-east-1', gbps_received: '3' },
    { src_region: 'aws:us-east-1', dst_region: 'aws:eu-west-1', gbps_received: '4' },
  ],
  roundTrips: [
    {
      src_region: 'aws:us-east-1',
      dst_region: 'gcp:us-central1-a',
      src_tier: 'PREMIUM',
      dst_tier: 'PREMIUM',
      avg_rtt: '30',
    },
    {
      src_region: 'aws:us-east-1',
      dst_region: 'aws:eu-west-1',
      src_tier: 'STANDARD',
      dst_tier: 'PREMIUM',
      avg_rtt: '9',
    },
  ],
  egress: [
    { src: 'aws:us-east-1', dest: 'aws:eu-west-1', cost: '0.02' },
    { src: 'aws:us-east-1', dest: 'aws:us-west-2', cost: '0.02' },
    { src: 'aws:us-east-1', dest: 'aws:us-east-2', cost: '0.01' },
    { src: 'aws:us-east-1', dest: 'gcp:us-central1-a', cost: '0.09' },
  ],
}

const lines = (files: ReadonlyMap<string, string>, name: string, begin: string): readonly string[] =>
  files
    .get(name)!
    .split('\n')
    .filter((line) => line.startsWith(begin))

describe('from small tables', () => {
  const files = importCatalogue(some, new Set(['tencent/ap-tokyo aws/us-east-1']))

  test('AWS: stated prices, assumed ones by continent, spot by its saving, in the currency of the source', () => {
    expect(lines(files, 'prices.csv', 'aws/').filter((line) => line.includes('g4dn'))).toEqual([
      'aws/cn-north-1,,g4dn.12xlarge,nvidia-t4,4,on-demand,40,CNY,2026-07-20,0,karpenter',
      'aws/eu-west-1,,g4dn.12xlarge,nvidia-t4,4,on-demand,4.4,USD,2026-07-20,0,assumed-aws-region',
      'aws/eu-west-1,,g4dn.12xlarge,nvidia-t4,4,spot,2.2,USD,2025-06-28,0.000394,spotinfo',
      'aws/us-east-1,,g4dn.12xlarge,nvidia-t4,4,on-demand,4,USD,2026-07-20,0,karpenter',
      'aws/us-east-1,,g4dn.12xlarge,nvidia-t4,4,spot,1,USD,2025-06-28,0.0000347,spotinfo',
    ])
    // What trains nothing here has no price.
    expect(lines(files, 'prices.csv', 'aws/us-east-1').join()).not.toContain('dl1')
  })

  test('GCP: only where sold, and without spot prices that lack the GPU', () => {
    expect(lines(files, 'prices.csv', 'gcp/')).toEqual([
      'gcp/us-central1,,a2-highgpu-2g,nvidia-a100,2,on-demand,7,USD,2026-07-02,0,gcp-calculator',
      'gcp/us-central1,,a2-highgpu-2g,nvidia-a100,2,spot,3,USD,2026-07-02,0.000183,gcp-calculator',
      'gcp/us-central1,,a3-highgpu-8g,nvidia-h100,8,on-demand,88,USD,2026-07-02,0,gcp-calculator',
    ])
  })

  test('device models: with the most memory that any machine has with one, where a table says it', () => {
    expect(
      ['cpu,', 'nvidia-h100,', 'nvidia-t4,', 'nvidia-v100,'].flatMap((model) => lines(files, 'devices.csv', model)),
    ).toEqual([
      'cpu,1,,assumed-speed',
      'nvidia-h100,1047,,assumed-speed',
      'nvidia-t4,100,16,assumed-speed+ec2instances+tencent-list',
      'nvidia-v100,281,32,assumed-speed+ec2instances+tencent-list',
    ])
  })

  test('machines: with their devices and zones, and no slices of a GPU', () => {
    expect(files.get('machines.csv')!.trim().split('\n').slice(1)).toEqual([
      'aws,g4dn.12xlarge,nvidia-t4,4,48,192,50000,,ec2instances+karpenter',
      'aws,p3.2xlarge,nvidia-v100,1,48,192,50000,,ec2instances+karpenter',
      'aws,p5.48xlarge,nvidia-h100,8,48,192,50000,,ec2instances+karpenter',
      'gcp,a2-highgpu-2g,nvidia-a100,2,24,170,,us-central1-a,gcp-calculator',
      'gcp,a3-highgpu-8g,nvidia-h100,8,208,1872,,us-central1-c,gcp-calculator',
      'tencent,GN10Xp.2XLARGE40,nvidia-v100,1,10,40,3000,,tencent-list',
      'tencent,GN7.2XLARGE32,nvidia-t4,1,8,32,1500,ap-seoul-1;ap-tokyo-2,tencent-list',
    ])
  })

  test('links: measured both ways, round trips of the other direction or by distance', () => {
    expect(lines(files, 'links.csv', 'aws/us-east-1,gcp')).toEqual([
      'aws/us-east-1,gcp/us-central1,4500,30,skyplane-throughput+skyplane-rtt',
    ])
    expect(lines(files, 'links.csv', 'gcp/us-central1,aws')).toEqual([
      'gcp/us-central1,aws/us-east-1,3000,30,skyplane-throughput+skyplane-rtt',
    ])
    expect(lines(files, 'links.csv', 'aws/us-east-1,aws/eu-west-1')[0]).toMatch(
      /^aws\/us-east-1,aws\/eu-west-1,4000,7\d(\.\d)?,skyplane-throughput\+estimated-rtt$/,
    )
  })

  test('links of clouds outside the grid are assumed, once each, save those written by hand', () => {
    expect(lines(files, 'links.csv', 'tencent/ap-tokyo,aws/us-east-1')).toEqual([])
    expect(lines(files, 'links.csv', 'aws/us-east-1,tencent/ap-tokyo')).toHaveLength(1)
    expect(lines(files, 'links.csv', 'tencent/ap-singapore,aws/us-east-1')[0]).toContain(',500,')
    expect(lines(files, 'links.csv', 'tencent/ap-tokyo,tencent/ap-seoul')).toEqual([
      'tencent/ap-tokyo,tencent/ap-seoul,300,18.1,assumed-wan+estimated-rtt',
    ])
  })

  test('egress: the usual price of a cloud, then the pairs that differ', () => {
    expect(lines(files, 'egress.csv', 'aws/us-east-1')).toEqual([
      'aws/us-east-1,aws/*,per-gb,,0.02,USD,skyplane-egress',
      'aws/us-east-1,aws/us-east-2,per-gb,,0.01,USD,skyplane-egress',
      'aws/us-east-1,gcp/*,per-gb,,0.09,USD,skyplane-egress',
    ])
  })
})

const shared = join(import.meta.dirname, '../../../shared/data')

// The publishers' tables are no part of the product.
test.skipIf(!existsSync(shared))("the bundled files are what the publishers' tables make", () => {
  const read = (path: string): Records => parse(readFileSync(path, 'utf8'), { columns: true }) as Records
  const given = Object.entries(tables).map(([name, path]) => [name, read(join(shared, path))])
  const byHand = read(join(bundledCataloguePath, 'links-assumed.csv')).map((row) => `${row['from']} ${row['to']}`)
  for (const [name, content] of importCatalogue(Object.fromEntries(given) as Tables, new Set(byHand)))
    expect(readFileSync(join(bundledCataloguePath, name), 'utf8') === content, name).toBe(true)
})
