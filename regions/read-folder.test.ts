import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { nothingBelow } from './below.ts'
import { readFolder, type ReadFolder } from './read-folder.ts'

const good: Readonly<Record<string, string>> = {
  'catalogue.yaml': `
version: "1"
usdPer: { CNY: { usd: 0.14, on: "2026-11-01", source: mine } }
defaultLink: { mbitPerSecond: 100, roundTripMs: 200, source: mine }
sources: [{ id: mine, kind: assumption, note: a guess }, { id: other, kind: assumption, note: another }]
`,
  'devices.csv': 'device_model,relative_speed,memory_gib,source\ncpu,1,,mine\nnvidia-t4,100,16,mine+other\n',
  'regions.csv':
    'name,provider,latitude,longitude,storage_usd_per_gb_month,source\naws/a,aws,1,-2.5,0.02,mine\nonprem/lab,onprem,,,,mine\n',
  'prices.csv': [
    'region,zone,instance_type,device_model,devices,market,per_instance_hour,currency,priced_on,losses_per_hour,source',
    'aws/a,,g4dn.12xlarge,nvidia-t4,4,on-demand,4,USD,2026-07-20,0,mine',
    'aws/a,x,g4dn.12xlarge,nvidia-t4,4,spot,1,USD,2026-07-20,0.001,mine',
    'aws/a,,c6i.2xlarge,cpu,8,on-demand,20,CNY,2026-07-20,0,mine',
    '',
  ].join('\n'),
  'machines.csv': [
    'provider,instance_type,device_model,devices,vcpus,memory_gib,network_mbit_s,zones,source',
    'aws,g4dn.12xlarge,nvidia-t4,4,48,192,50000,a-1;a-2,mine',
    'aws,c6i.2xlarge,cpu,8,8,,,,mine',
    '',
  ].join('\n'),
  'links-assumed.csv': 'from,to,mbit_s,rtt_ms,source\naws/a,onprem/lab,50,10,mine\n',
  'egress.csv': [
    'from,to,kind,up_to,price,currency,source',
    'aws/*,*,per-gb,10,0.09,USD,mine',
    'aws/*,*,per-gb,,0.07,USD,mine',
    'onprem/lab,*,p95-month,,100,CNY,mine',
    '',
  ].join('\n'),
}

let root = ''
let number = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloudless-catalogue-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function read(changes: Readonly<Record<string, string>> = {}): Promise<ReadFolder> {
  const folder = join(root, String((number += 1)))
  await mkdir(folder)
  for (const [name, text] of Object.entries({ ...good, ...changes })) await writeFile(join(folder, name), text)
  return readFolder(folder, nothingBelow)
}

async function refusalOf(
  changes: Readonly<Record<string, string>>,
): Promise<readonly { field: string; description: string }[]> {
  const error: unknown = await read(changes).then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CloudlessError)) throw error instanceof Error ? error : new Error('the folder was taken')
  expect(error.kind).toBe('invalid')
  return [...error.violations]
}

const changed = (name: string, from: string, to: string): Readonly<Record<string, string>> => {
  expect(good[name]).toContain(from)
  return { [name]: good[name]!.replace(from, to) }
}

describe('a folder', () => {
  test('becomes a layer', async () => {
    const { layer, warnings, machines, sources } = await read()
    expect(warnings).toEqual([])
    expect(sources.map(({ id }) => id)).toEqual(['mine', 'other'])
    expect(machines).toMatchObject([
      { instanceType: 'g4dn.12xlarge', zones: ['a-1', 'a-2'] },
      { memoryGib: null, zones: [] },
    ])
    expect(layer).toMatchObject({ id: '1', usdPer: { CNY: 0.14 }, defaultLink: { mbitPerSecond: 100 } })
    expect(layer.deviceModels).toEqual([
      { name: 'cpu', relativeSpeed: 1 },
      { name: 'nvidia-t4', relativeSpeed: 100, memoryGib: 16 },
    ])
    const [a, lab] = layer.regions
    expect(a).toMatchObject({ coordinates: { latitude: 1, longitude: -2.5 }, storageUsdPerGbMonth: 0.02 })
    expect(lab).toMatchObject({ coordinates: null, storageUsdPerGbMonth: null, prices: [] })
    expect(a!.prices.map((row) => [row.deviceModel, row.market, row.zone, row.perUnitHour, row.currency])).toEqual([
      ['nvidia-t4', 'on-demand', '', 1, 'USD'],
      ['nvidia-t4', 'spot', 'x', 0.25, 'USD'],
      ['cpu', 'on-demand', '', 2.5, 'CNY'],
    ])
    expect(a!.prices[2]!.usdPerUnitHour).toBeCloseTo(0.35)
    expect(layer.egress.map(({ egress }) => egress)).toEqual([
      {
        kind: 'per-gb',
        tiers: [
          { upToGb: 10, usdPerGb: 0.09 },
          { upToGb: null, usdPerGb: 0.07 },
        ],
      },
      { kind: 'p95-month', tiers: [{ upToMbit: null, usdPerMbitMonth: 14.000000000000002 }] },
    ])
  })

  test('bears the quirks of real price lists, and tells them', async () => {
    const prices = [
      good['prices.csv']!,
      'aws/a,,g4dn.12xlarge,nvidia-t4,4,on-demand,3.6,USD,2026-07-20,0,mine',
      'aws/a,,c6i.2xlarge,cpu,8,spot,20,CNY,2026-07-20,0,mine',
      '',
    ].join('\n')
    const { layer, warnings } = await read({ 'prices.csv': prices })
    expect(layer.regions[0]!.prices.map((row) => `${row.deviceModel} ${row.market} ${row.perUnitHour}`)).toEqual([
      'nvidia-t4 on-demand 0.9',
      'nvidia-t4 spot 0.25',
      'cpu on-demand 2.5',
    ])
    expect(warnings).toEqual([
      'prices.csv line 6: aws/a nvidia-t4 on-demand g4dn.12xlarge is there twice; the cheaper one counts',
      'aws/a cpu spot c6i.2xlarge: spot costs as much as on demand or more, so it is left out',
    ])
  })
})

describe('names and places as sources write them', () => {
  test('a device under another name, a zone in place of a region, a market without a price', async () => {
    const prices = [
      good['prices.csv']!,
      'aws/a,,g4dn.xlarge,NVIDIA T4 Tensor Core,1,on-demand,0.9,USD,2026-07-20,0,mine',
      'aws/a,,g4dn.xlarge,nvidia-tesla-t4,1,on-demand,0.8,USD,2026-07-20,0,mine',
      'aws/a-bos-1,,g4dn.xlarge,nvidia-t4,1,on-demand,1.3,USD,2026-07-20,0,mine',
      'aws/a,,g4dn.xlarge,nvidia-t4,1,spot,,USD,2026-07-20,0.001,mine',
      '',
    ].join('\n')
    const { layer, warnings } = await read({ 'prices.csv': prices })
    const rows = layer.regions[0]!.prices.filter(({ instanceType }) => instanceType === 'g4dn.xlarge')
    expect(
      rows.map(({ deviceModel, market, zone, usdPerUnitHour }) => [deviceModel, market, zone, usdPerUnitHour]),
    ).toEqual([
      ['nvidia-t4', 'on-demand', '', 0.8],
      ['nvidia-t4', 'on-demand', 'a-bos-1', 1.3],
    ])
    expect(warnings).toEqual([
      'prices.csv line 6: NVIDIA T4 Tensor Core is nvidia-t4 here',
      'prices.csv line 7: nvidia-tesla-t4 is nvidia-t4 here',
      'prices.csv line 8: aws/a-bos-1 is zone a-bos-1 of aws/a',
      'prices.csv line 9: aws/a g4dn.xlarge has no spot price, so it is left out',
      'prices.csv line 7: aws/a nvidia-t4 on-demand g4dn.xlarge is there twice; the cheaper one counts',
    ])
  })

  test('a folder that has only prices lies over one that has the rest', async () => {
    const head = 'version: "2"\nsources: [{ id: mine, kind: assumption, note: a guess }]\n'
    const columns = good['prices.csv']!.split('\n')[0]!
    const row = 'aws/a,,p3.2xlarge,nvidia-v100,1,on-demand,3,CNY,2026-11-01,0,mine'
    const folder = join(root, 'prices-only')
    await mkdir(folder)
    await writeFile(join(folder, 'catalogue.yaml'), head)
    await writeFile(join(folder, 'prices.csv'), `${columns}\n${row}\n`)
    const below = { regions: new Set(['aws/a']), deviceModels: new Set(['nvidia-v100']), usdPer: { USD: 1, CNY: 0.2 } }
    const { layer } = await readFolder(folder, below)
    expect(layer.regions).toMatchObject([{ name: 'aws/a', provider: 'aws', coordinates: null }])
    expect(layer.regions[0]!.prices[0]!.usdPerUnitHour).toBeCloseTo(0.6)
  })
})

test('device models without a column for memory have none that is known', async () => {
  const { layer } = await read({
    'devices.csv': 'device_model,relative_speed,source\ncpu,1,mine\nnvidia-t4,100,mine\n',
  })
  expect(layer.deviceModels[1]).toEqual({ name: 'nvidia-t4', relativeSpeed: 100 })
})

describe('refusals name file, line, field, value and fix', () => {
  test.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
    [
      'a negative price',
      changed('prices.csv', ',on-demand,4,', ',on-demand,-4,'),
      'prices.csv line 2 per_instance_hour',
      /"-4": use 0 or more/,
    ],
    [
      'a latitude that is no number',
      changed('regions.csv', '1,-2.5', 'north,-2.5'),
      'regions.csv line 2 latitude',
      /"north": use a number/,
    ],
    [
      'a price that is no number',
      changed('prices.csv', ',on-demand,4,', ',on-demand,NaN,'),
      'prices.csv line 2 per_instance_hour',
      /"NaN": use a number/,
    ],
    [
      'a device with no memory',
      changed('devices.csv', '100,16,', '100,0,'),
      'devices.csv line 3 memory_gib',
      /"0": use a number above 0/,
    ],
    [
      'memory that is no number',
      changed('devices.csv', '100,16,', '100,16GB,'),
      'devices.csv line 3 memory_gib',
      /"16GB": use a number/,
    ],
    ['no devices', changed('prices.csv', ',4,spot', ',0,spot'), 'prices.csv line 3 devices', /1 or more/],
    ['an unknown market', changed('prices.csv', 'spot', 'futures'), 'prices.csv line 3 market', /on-demand or spot/],
    [
      'an unknown currency',
      changed('prices.csv', '20,CNY', '20,EUR'),
      'prices.csv line 4 currency',
      /"EUR" does not exist; give its rate/,
    ],
    [
      'an unknown region',
      changed('prices.csv', 'aws/a,x', 'aws/b,x'),
      'prices.csv line 3 region',
      /add it to regions.csv/,
    ],
    [
      'an unknown device',
      changed('prices.csv', 'cpu,8', 'gpu,8'),
      'prices.csv line 4 device_model',
      /add it to devices.csv/,
    ],
    [
      'an unknown source',
      changed('devices.csv', 'mine+other', 'mine+yours'),
      'devices.csv line 3 source',
      /"yours" does not exist/,
    ],
    [
      'a date that is none',
      changed('prices.csv', '2026-07-20,0,', '20.7.2026,0,'),
      'prices.csv line 2 priced_on',
      /use a date/,
    ],
    [
      'a latitude off the earth',
      changed('regions.csv', '1,-2.5', '91,-2.5'),
      'regions.csv line 2 latitude',
      /-90 to 90/,
    ],
    [
      'a region twice',
      changed('regions.csv', 'onprem/lab,onprem', 'aws/a,onprem'),
      'regions.csv line 3 name',
      /is at regions.csv line 2 already/,
    ],
    [
      'a link to itself',
      changed('links-assumed.csv', 'onprem/lab', 'aws/a'),
      'links-assumed.csv line 2 to',
      /same region/,
    ],
    ['a link of no width', changed('links-assumed.csv', ',50,', ',0,'), 'links-assumed.csv line 2 mbit_s', /above 0/],
    [
      'a machine twice',
      changed('machines.csv', 'c6i.2xlarge', 'g4dn.12xlarge'),
      'machines.csv line 3 instance_type',
      /already/,
    ],
    [
      'a machine of half a device',
      changed('machines.csv', 't4,4', 't4,0.5'),
      'machines.csv line 2 devices',
      /whole number/,
    ],
    [
      'a machine of an unknown device',
      changed('machines.csv', 'nvidia-t4', 'nvidia-t5'),
      'machines.csv line 2 device_model',
      /devices.csv/,
    ],
    ['two last tiers', changed('egress.csv', ',10,', ',,'), 'egress.csv line 2 up_to', /have no end/],
    [
      'no last tier',
      changed('egress.csv', 'per-gb,,', 'per-gb,20,'),
      'egress.csv line 3 up_to',
      /leave it out for the last tier/,
    ],
    [
      'two kinds for one pair',
      changed('egress.csv', 'aws/*,*,per-gb,,', 'aws/*,*,p95-month,,'),
      'egress.csv line 3 kind',
      /use one of them/,
    ],
    [
      'a column too many',
      changed('devices.csv', 'relative_speed,', 'relative_speed,colour,'),
      'devices.csv',
      /Invalid Record Length/,
    ],
    ['a foreign file', { 'notes.csv': 'a\n1\n' }, 'notes.csv', /is no part of a catalogue/],
    ['an unknown key', changed('catalogue.yaml', 'version:', 'colour: red\nversion:'), 'catalogue.yaml', /colour/],
    ['a rate of nothing', changed('catalogue.yaml', 'usd: 0.14', 'usd: 0'), 'catalogue.yaml usdPer.CNY.usd', /above 0/],
    ['an alias', changed('catalogue.yaml', 'version: "1"', 'version: &a "1"\nnote: *a'), 'catalogue.yaml', /alias/i],
  ])('%s', async (_, changes, field, description) => {
    const violations = await refusalOf(changes)
    const found = violations.find((each) => each.field === field)
    expect(found, JSON.stringify(violations)).toBeDefined()
    expect(found!.description).toMatch(description)
  })

  test('of many wrong rows the first ones are named', async () => {
    const rows = Array.from({ length: 100 }, (_, n) => `x${n},0,mine`).join('\n')
    const violations = await refusalOf({ 'devices.csv': `device_model,relative_speed,source\n${rows}\n` })
    expect(violations.length).toBeLessThan(30)
    expect(violations.at(-1)!.description).toMatch(/more rows are wrong/)
  })

  test('a folder that is not there', async () => {
    await expect(readFolder(join(root, 'nowhere'), nothingBelow)).rejects.toThrow(/nowhere can not be read/)
  })
})

test('whatever the bytes are, the answer is a layer or a refusal', async () => {
  const name = fc.constantFrom(
    'prices.csv',
    'machines.csv',
    'links-assumed.csv',
    'egress.csv',
    'regions.csv',
    'devices.csv',
    'catalogue.yaml',
  )
  const edit = fc.tuple(name, fc.nat(), fc.nat({ max: 20 }), fc.string({ maxLength: 20 }))
  await fc.assert(
    fc.asyncProperty(edit, async ([file, at, cut, text]) => {
      const before = good[file]!
      const where = at % before.length
      const broken = before.slice(0, where) + text + before.slice(where + cut)
      const outcome: unknown = await read({ [file]: broken }).catch((error: unknown) => error)
      expect(outcome instanceof CloudlessError || (outcome as ReadFolder).layer !== undefined).toBe(true)
    }),
    { numRuns: 200 },
  )
})
