import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { nothingBelow, type Names } from '../below.ts'
import type { Layer } from '../layer.ts'
import { makeCatalogue } from '../make-catalogue.ts'
import { parseFile } from './read-file.ts'

const small = `
version: "1"
sources: [{ id: mine, kind: assumption, note: a guess }]
deviceModels:
  - { name: cpu, relativeSpeed: 1, source: mine }
  - { name: rack, relativeSpeed: 50, memoryGib: 24, source: mine }
regions:
  - { name: onprem/lab, provider: onprem, prices: [{ deviceModel: cpu, usdPerUnitHour: 0.02, source: mine }] }
  - { name: aws/us-east-1, provider: aws, prices: [{ deviceModel: cpu, usdPerUnitHour: 0.04, source: mine }] }
links:
  - { from: onprem/lab, to: aws/us-east-1, mbitPerSecond: 100, roundTripMs: 40, egressUsdPerGb: 0, sources: [mine] }
  - { from: aws/us-east-1, to: onprem/lab, mbitPerSecond: 100, roundTripMs: 40, egressUsdPerGb: 0.09, sources: [mine] }
`
const below: Names = {
  regions: new Set(['aws/us-east-1']),
  deviceModels: new Set(['nvidia-t4']),
  usdPer: { USD: 1, CNY: 0.14 },
}

const hashOf = (text: string): string => makeCatalogue([parseFile(text, 'x', nothingBelow).layer]).catalogue.hash

function refusalOf(text: string): CloudlessError {
  const outcome = attempt(text)
  if (outcome instanceof CloudlessError) return outcome
  throw new Error('the catalogue was taken')
}

/** Anything thrown but a refusal is a failure. */
function attempt(text: string): Layer | CloudlessError {
  try {
    return parseFile(text, '/etc/prices.yaml', nothingBelow).layer
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
}

describe('a file', () => {
  test('says only what it knows', () => {
    const rack = `
regions:
  - name: onprem/rack
    prices:
      - { deviceModel: nvidia-t4, perUnitHour: 1, currency: CNY, pricedOn: "2026-11-01" }
      - { deviceModel: nvidia-t4, market: spot, zone: row-2, usdPerUnitHour: 0.05, lossesPerHour: 0.01 }
egress:
  - { from: onprem/rack, to: "*", usdPerGb: 0 }
  - { from: aws/us-east-1, to: onprem/rack, usdPerMbitMonth: 3 }
links: [{ from: onprem/rack, to: aws/us-east-1, mbitPerSecond: 900, roundTripMs: 12 }]
`
    const { layer, warnings } = parseFile(rack, '/etc/cloudless/our rack.yaml', below)
    expect(warnings).toEqual([])
    expect(layer).toMatchObject({ id: 'our-rack', fetchedAtMs: null, usdPer: {}, deviceModels: [], defaultLink: null })
    expect(layer.regions).toHaveLength(1)
    expect(layer.regions[0]).toMatchObject({ provider: 'onprem', coordinates: null, complete: [] })
    expect(layer.regions[0]!.prices).toMatchObject([
      { market: 'on-demand', usdPerUnitHour: 0.14, perUnitHour: 1, currency: 'CNY', pricedOn: '2026-11-01' },
      { market: 'spot', zone: 'row-2', usdPerUnitHour: 0.05, currency: 'USD', pricedOn: '', lossesPerHour: 0.01 },
    ])
    expect(layer.links).toEqual([
      { from: 'onprem/rack', to: 'aws/us-east-1', mbitPerSecond: 900, roundTripMs: 12, egress: null },
    ])
    expect(layer.egress.map(({ egress }) => egress.kind)).toEqual(['per-gb', 'p95-month'])
  })

  test('may call a device by another of its names', () => {
    const rack = 'regions: [{ name: onprem/rack, prices: [{ deviceModel: Tesla T4, usdPerUnitHour: 1 }] }]'
    const { layer, warnings } = parseFile(rack, 'rack.yaml', below)
    expect(layer.regions[0]!.prices[0]!.deviceModel).toBe('nvidia-t4')
    expect(warnings).toEqual(['onprem/rack: Tesla T4 is nvidia-t4 here'])
  })

  test('may know nothing at all', () => {
    const { layer } = parseFile('{}', 'empty.yaml', nothingBelow)
    expect(layer).toMatchObject({ id: 'empty', regions: [], links: [] })
  })
})

describe('the hash', () => {
  const rows = small.trim().split('\n')

  test('does not depend on comments, sources or the order of rows', () => {
    const swapped = [...rows.slice(0, 6), rows[7], rows[6], rows[8], rows[10], rows[9], '# the end'].join('\n')
    const renamed = swapped.replaceAll('mine', 'yours').replace('a guess', 'a better guess')
    expect(hashOf(renamed)).toBe(hashOf(small))
  })

  test('changes with every figure', () => {
    const figures = [
      ...small.matchAll(/(usdPerUnitHour|mbitPerSecond|roundTripMs|egressUsdPerGb|relativeSpeed|memoryGib): /g),
    ]
    const hashes = figures.map(({ index, 0: key }) => {
      const start = index + key.length
      return hashOf(`${small.slice(0, start)}7${small.slice(start)}`)
    })
    expect(new Set([...hashes, hashOf(small)]).size).toBe(figures.length + 1)
  })
})

describe('a wrong file is refused with file, line and field', () => {
  const cases: readonly (readonly [string, string, string, string, string])[] = [
    ['negative price', 'usdPerUnitHour: 0.02', 'usdPerUnitHour: -1', 'regions[0].prices[0].usdPerUnitHour', '-1'],
    ['memory of nothing', 'memoryGib: 24', 'memoryGib: 0', 'deviceModels[1].memoryGib', 'above 0'],
    ['memory as text', 'memoryGib: 24', 'memoryGib: 24GB', 'deviceModels[1].memoryGib', 'use a number'],
    ['memory without end', 'memoryGib: 24', 'memoryGib: .inf', 'deviceModels[1].memoryGib', 'number'],
    ['NaN', 'usdPerUnitHour: 0.02', 'usdPerUnitHour: .nan', 'regions[0].prices[0].usdPerUnitHour', 'NaN'],
    ['infinity', 'usdPerUnitHour: 0.02', 'usdPerUnitHour: .inf', 'regions[0].prices[0].usdPerUnitHour', 'Infinity'],
    ['no price', 'usdPerUnitHour: 0.02, ', '', 'regions[0].prices[0].usdPerUnitHour', 'with its currency'],
    [
      'two prices',
      'usdPerUnitHour: 0.02',
      'usdPerUnitHour: 1, perUnitHour: 1',
      'regions[0].prices[0].usdPerUnitHour',
      'twice',
    ],
    ['price without currency', 'usdPerUnitHour: 0.02', 'perUnitHour: 1', 'regions[0].prices[0].currency', 'give both'],
    [
      'currency without rate',
      'usdPerUnitHour: 0.02',
      'perUnitHour: 1, currency: EUR',
      'regions[0].prices[0].currency',
      '"EUR"',
    ],
    ['half a place', 'provider: onprem', 'latitude: 3', 'regions[0]', 'give both or none'],
    ['other provider', 'provider: onprem', 'provider: aws', 'regions[0].provider', 'begins with onprem/'],
    [
      'foreign provider',
      'name: onprem/lab, provider: onprem',
      'name: moon/lab',
      'regions[0].name',
      'must begin with aws/',
    ],
    ['text for a number', 'roundTripMs: 40', 'roundTripMs: fast', 'links[0].roundTripMs', '"fast"'],
    ['bandwidth 0', 'mbitPerSecond: 100', 'mbitPerSecond: 0', 'links[0].mbitPerSecond', 'above 0'],
    ['unknown region', 'from: onprem/lab', 'from: onprem/shed', 'links[0].from', 'onprem/shed'],
    ['link to itself', 'to: aws/us-east-1', 'to: onprem/lab', 'links[0].to', 'same region'],
    ['duplicate region', 'name: aws/us-east-1', 'name: onprem/lab', 'regions[1].name', 'regions[0]'],
    ['unknown device', 'deviceModel: cpu', 'deviceModel: tpu', 'regions[0].prices[0].deviceModel', '"tpu"'],
    ['unknown source', 'source: mine', 'source: theirs', 'deviceModels[0].source', '"theirs"'],
    ['unknown key', 'provider: aws,', 'provider: aws, spot: 1,', 'regions[1]', '"spot"'],
    ['missing key', 'mbitPerSecond: 100, ', '', 'links[0].mbitPerSecond', 'is missing'],
    ['unknown provider', 'provider: aws', 'provider: moon', 'regions[1].provider', 'aws, azure, gcp, onprem, tencent'],
    ['bad name', 'name: onprem/lab', 'name: My Lab', 'regions[0].name', '"My Lab"'],
    [
      'a rate for USD',
      'version: "1"',
      'usdPer: { USD: { usd: 2, on: "2026-11-01" } }',
      'usdPer.USD',
      '1 by definition',
    ],
    ['no egress price', 'version: "1"', 'egress: [{ from: "*", to: "*" }]', 'egress[0]', 'give one of'],
    [
      'a pattern that is none',
      'version: "1"',
      'egress: [{ from: "aws*", to: "*", usdPerGb: 1 }]',
      'egress[0].from',
      '"aws*"',
    ],
  ]
  test.each(cases)('%s', (_, found, replacement, field, description) => {
    expect(small).toContain(found)
    const error = refusalOf(small.replace(found, replacement))
    expect(error.message).toContain('prices.yaml')
    const violation = error.violations.find((each) => each.field === field)
    expect(violation?.description, error.message).toContain(description)
    expect(violation?.description).toMatch(/\(line \d+\)/)
  })

  test('a pair twice', () => {
    const lines = small.trimEnd().split('\n')
    expect(refusalOf([...lines, lines.at(-1)].join('\n')).message).toContain('is links[1] already')
  })

  test('broken YAML names the line', () => {
    expect(refusalOf(`${small}\n  }{`).message).toMatch(/prices\.yaml: line \d+/)
  })

  test('aliases can not blow it up', () => {
    const bomb = `a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]`
    expect(refusalOf(bomb).kind).toBe('invalid')
  })

  test('a hundred wrong rows are summed up', () => {
    const links = Array.from({ length: 100 }, () => '  - { from: 1 }').join('\n')
    const error = refusalOf(small.slice(0, small.indexOf('links:')) + `links:\n${links}`)
    expect(error.violations.length).toBeLessThanOrEqual(21)
    expect(error.message).toMatch(/\d+ more rows are wrong/)
  })
})

test('whatever the text, it is a layer that makes a catalogue or a refusal', () => {
  const mutated = fc
    .tuple(
      fc.nat(small.length),
      fc.nat(12),
      fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('-', '[', '*a', '~', '1e999', '{', '\t')),
    )
    .map(([at, length, insert]) => small.slice(0, at) + insert + small.slice(at + length))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string()), (text) => {
      const outcome = attempt(text)
      const made = outcome instanceof CloudlessError ? outcome.kind : makeCatalogue([outcome]).catalogue.hash
      expect(made).toMatch(/^(invalid|[0-9a-f]{64})$/)
    }),
    { numRuns: 500 },
  )
})
