import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { aLayer, aLayerRegion, aPrice } from '../a-layer.fixture.ts'
import { belowOf } from '../below.ts'
import { loadLayers } from '../load-catalogue.ts'
import { inventoryJsonSchema } from './inventory-schema.ts'
import { isInventory, readInventory, type ReadInventory } from './read-inventory.ts'

const below = belowOf([
  aLayer({
    regions: [aLayerRegion('aws/us-east-1', { prices: [aPrice('nvidia-t4', 0.5, { instanceType: 'g4dn.xlarge' })] })],
    deviceModels: [{ name: 'nvidia-t4', relativeSpeed: 100 }],
  }),
])
const pool = { instance_type: 'g4dn.xlarge', gpu: 'T4', min: 0, max: 4, spot: false }
const inventory = {
  schema_version: '1.0',
  name: 'aws/us-east-1',
  provider: 'aws',
  cloud_region: 'us-east-1',
  zones: ['us-east-1a'],
  agent: { endpoint: null, identity: 'arn:aws:iam::123456789012:role/cloudless-agent' },
  gpu_pools: [pool],
  network: { cidr: '10.1.0.0/16', peers: ['10.2.0.0/16'] },
  storage: [{ uri: 's3://data/', kind: 'dataset' }],
  labels: { team: 'vision' },
}
const output = (value: unknown, sensitive = false): object => ({ sensitive, type: 'dynamic', value })
const read = (json: object): ReadInventory => readInventory(json as Record<string, unknown>, 'outputs.json', below)

function refusalOf(json: object): CloudlessError {
  try {
    read(json)
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
  throw new Error('the inventory was taken')
}

describe('an inventory', () => {
  test('is a layer with the regions that were built', () => {
    const { layer, warnings } = read({ region_inventory: output(inventory) })
    expect(warnings).toEqual([])
    expect(layer).toMatchObject({ id: 'terraform', links: [], deviceModels: [] })
    expect(layer.regions).toMatchObject([{ name: 'aws/us-east-1', provider: 'aws', prices: [], complete: [] }])
  })

  test('may be one object, several outputs, a list or a map', () => {
    const other = { ...inventory, name: 'onprem/lab', provider: 'onprem', cloud_region: 'lab', gpu_pools: [] }
    const names = (json: object): string[] => read(json).layer.regions.map(({ name }) => name)
    expect(names(inventory)).toEqual(['aws/us-east-1'])
    expect(names({ region_inventory_a: output(inventory), region_inventory_b: output(other) })).toHaveLength(2)
    expect(names({ region_inventories: output([inventory, other]) })).toHaveLength(2)
    expect(names({ region_inventories: output({ here: inventory, there: other }) })).toHaveLength(2)
  })

  test('has pools that nobody prices: told, for they would never be used', () => {
    const pools = [
      pool,
      { ...pool, instance_type: 'g4dn.metal' },
      { ...pool, spot: true },
      { ...pool, gpu: 'Gaudi HL-205' },
    ]
    expect(read({ region_inventory: output({ ...inventory, gpu_pools: pools }) }).warnings).toEqual([
      'aws/us-east-1: pool g4dn.metal (nvidia-t4, on-demand) has no price, so nothing will be placed there; add one',
      'aws/us-east-1: pool g4dn.xlarge (nvidia-t4, spot) has no price, so nothing will be placed there; add one',
      'aws/us-east-1: pool g4dn.xlarge has Gaudi HL-205, which is no device model of the catalogue; add it with its speed and price',
    ])
  })

  test('a pool that says something else than the machine has is told', () => {
    const machine = { instanceType: 'g4dn.xlarge', deviceModel: 'nvidia-v100', devices: 1, zones: [] }
    const size = { vcpus: null, memoryGib: null, networkMbit: null }
    const known = belowOf(
      [aLayer({ deviceModels: [{ name: 'nvidia-t4', relativeSpeed: 1 }] })],
      [{ provider: 'aws', ...machine, ...size }],
    )
    expect(readInventory(inventory, 'x', known).warnings[0]).toBe(
      'aws/us-east-1: pool g4dn.xlarge says T4, but that machine has nvidia-v100; correct one of them',
    )
  })

  test('of a newer minor version is read, and what is new in it passed over', () => {
    const { layer, warnings } = read({ ...inventory, schema_version: '1.7', quota: { gpus: 3 } })
    expect(layer.regions).toHaveLength(1)
    expect(warnings).toEqual(['inventory is of version 1.7; what is newer than 1.0 is passed over'])
  })

  test('other outputs are not even looked at', () => {
    const secret = {
      get value(): never {
        throw new Error('a secret was read')
      },
    }
    expect(read({ admin_password: secret, region_inventory: output(inventory) }).layer.regions).toHaveLength(1)
  })
})

describe('is refused with the field', () => {
  test.each<[string, object, string, RegExp]>([
    ['an unknown major', { ...inventory, schema_version: '2.0' }, 'inventory.schema_version', /"2.0"; .* reads 1.x/],
    ['no version', { region_inventory: output({ name: 'aws/x' }) }, 'region_inventory.schema_version', /is missing/],
    ['an unknown key', { ...inventory, kubeconfig: 'x' }, 'inventory', /"kubeconfig"; remove it/],
    ['a wrong name', { ...inventory, name: 'us-east-1' }, 'inventory.name', /provider\/place/],
    ['another provider', { ...inventory, provider: 'gcp' }, 'inventory.provider', /make them agree/],
    [
      'a negative count',
      { ...inventory, gpu_pools: [{ ...pool, min: -1 }] },
      'inventory.gpu_pools.0.min',
      /-1: use 0 or more/,
    ],
    ['min above max', { ...inventory, gpu_pools: [{ ...pool, min: 9 }] }, 'inventory.gpu_pools.0.min', /more than max/],
    ['a sensitive output', { region_inventory: output(inventory, true) }, 'region_inventory', /is marked sensitive/],
    ['no output', { region_inventory: inventory }, 'region_inventory', /is no output of Terraform/],
    [
      'a region twice',
      { region_inventories: output([inventory, inventory]) },
      'region_inventories[1].name',
      /is region_inventories\[0\] already/,
    ],
  ])('%s', (_, json, field, description) => {
    const error = refusalOf(json)
    expect(error.message).toContain('outputs.json')
    const found = error.violations.find((each) => each.field === field)
    expect(found?.description, error.message).toMatch(description)
  })

  test('whatever the JSON is, the answer is a layer or a refusal', () => {
    const broken = fc
      .tuple(fc.constantFrom(...Object.keys(inventory)), fc.jsonValue())
      .map(([key, value]) => ({ ...inventory, [key]: value }))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          broken,
          broken.map((value) => ({ region_inventory: output(value) })),
        ),
        (json) => {
          if (!isInventory(json)) return
          const outcome = attempt(json)
          expect(outcome instanceof CloudlessError || outcome.layer.id === 'terraform').toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** Anything thrown but a refusal is a failure of the property. */
function attempt(json: Readonly<Record<string, unknown>>): ReadInventory | CloudlessError {
  try {
    return readInventory(json, 'x', below)
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
}

test('the JSON Schema beside it is the one that is checked', () => {
  const text = readFileSync(join(import.meta.dirname, 'region-inventory.schema.json'), 'utf8')
  expect(JSON.parse(text)).toEqual(inventoryJsonSchema())
})

const hasTerraform = spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0

describe.skipIf(!hasTerraform)('what the real terraform prints (skipped where terraform is not on the PATH)', () => {
  let folder = ''
  let printed = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloudless-terraform-'))
    mkdirSync(join(folder, 'root'))
    writeFileSync(join(folder, 'empty.tfrc'), '')
    writeFileSync(join(folder, 'root/main.tf'), mainTf)
    const env = { ...process.env, TF_CLI_CONFIG_FILE: join(folder, 'empty.tfrc'), CHECKPOINT_DISABLE: '1' }
    const terraform = (...args: string[]): string =>
      execFileSync('terraform', [`-chdir=${join(folder, 'root')}`, ...args], { env, encoding: 'utf8' })
    terraform('init', '-no-color')
    terraform('apply', '-auto-approve', '-no-color')
    printed = terraform('output', '-json')
    writeFileSync(join(folder, 'outputs.json'), printed)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('lies over the bundled catalogue', async () => {
    expect(JSON.parse(printed)).toMatchObject({ db_password: { sensitive: true }, region_inventories: {} })
    const { catalogue, warnings } = await loadLayers([join(folder, 'outputs.json')])
    expect(catalogue.version).toBe('2026-11+terraform')
    expect(catalogue.regions.map(({ name }) => name)).toContain('onprem/garage')
    expect(catalogue.regions.find(({ name }) => name === 'aws/us-east-1')!.prices.length).toBeGreaterThan(10)
    expect(warnings[0]).toContain('onprem/garage: pool rack-1 (nvidia-t4, on-demand) has no price')
    expect(JSON.stringify([catalogue, warnings])).not.toContain('hunter2')
  })
})

/** Without a provider, so that nothing is downloaded. */
const mainTf = `
terraform {
  required_version = ">= 1.5"
}
resource "terraform_data" "cluster" {
  for_each = { "aws/us-east-1" = ["g4dn.xlarge", "T4"], "onprem/garage" = ["rack-1", "Tesla T4"] }
  input    = each.value
}
output "region_inventories" {
  description = "The regions that this root has built."
  value = {
    for name, data in terraform_data.cluster : name => {
      schema_version = "1.0"
      name           = name
      provider       = split("/", name)[0]
      cloud_region   = split("/", name)[1]
      zones          = []
      agent          = { identity = "role/cloudless-agent" }
      gpu_pools      = [{ instance_type = data.output[0], gpu = data.output[1], min = 0, max = 2, spot = false }]
      network        = { cidr = "10.0.0.0/16", peers = [] }
      storage        = []
      labels         = {}
    }
  }
}
output "db_password" {
  value     = "hunter2"
  sensitive = true
}
`
