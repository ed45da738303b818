import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import type { Catalogue, CatalogueRegion } from './catalogue.ts'
import { loadCatalogue, parseCatalogue } from './load-catalogue.ts'

const small = `
version: "1"
sources: [{ id: mine, kind: assumption, note: a guess }]
deviceModels:
  - { name: cpu, relativeSpeed: 1, source: mine }
regions:
  - { name: onprem/lab, provider: onprem, prices: [{ deviceModel: cpu, usdPerUnitHour: 0.02, source: mine }] }
  - { name: aws/us-east-1, provider: aws, prices: [{ deviceModel: cpu, usdPerUnitHour: 0.04, source: mine }] }
links:
  - { from: onprem/lab, to: aws/us-east-1, mbitPerSecond: 100, roundTripMs: 40, egressUsdPerGb: 0, sources: [mine] }
  - { from: aws/us-east-1, to: onprem/lab, mbitPerSecond: 100, roundTripMs: 40, egressUsdPerGb: 0.09, sources: [mine] }
`

function usdOf({ prices }: CatalogueRegion, model: string): number {
  const own = prices.filter(({ deviceModel, market }) => deviceModel === model && market === 'on-demand')
  return Math.min(...own.map(({ usdPerUnitHour }) => usdPerUnitHour))
}

function refusalOf(text: string): CloudlessError {
  try {
    parseCatalogue(text, 'prices.yaml')
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
  throw new Error('the catalogue was taken')
}

describe('the price list that comes along', () => {
  test('has the regions of the demo, priced and linked in both directions', async () => {
    const catalogue = await loadCatalogue()
    const names = catalogue.regions.map(({ name }) => name)
    for (const name of ['onprem/lab', 'aws/us-east-1', 'tencent/ap-shanghai']) {
      expect(
        usdOf(
          catalogue.regions.find((region) => region.name === name)!,
          'cpu',
        ),
      ).toBeGreaterThan(0)
    }
    expect(catalogue.links).toHaveLength(names.length * (names.length - 1))
    expect(catalogue.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('has the clouds that were measured, with the prices there are', async () => {
    const { regions, links } = await loadCatalogue()
    const count = (provider: string): number => regions.filter((region) => region.provider === provider).length
    expect([count('aws'), count('azure'), count('gcp'), count('onprem'), count('tencent')]).toEqual([28, 22, 24, 1, 2])
    const region = (name: string) => regions.find((each) => each.name === name)!
    expect(usdOf(region('aws/us-east-1'), 'nvidia-t4')).toBe(0.526)
    // In CNY, which is what is billed.
    expect(region('aws/cn-north-1').prices.every(({ currency }) => currency === 'CNY')).toBe(true)
    expect(region('azure/westeurope').prices).toEqual([])
    const spot = region('aws/eu-central-1').prices.filter(({ market }) => market === 'spot')
    expect(spot.length).toBeGreaterThan(10)
    expect(spot.every(({ lossesPerHour }) => lossesPerHour > 0)).toBe(true)
    const link = (from: string, to: string) => links.find((each) => each.from === from && each.to === to)!
    expect(link('aws/us-east-1', 'aws/eu-west-1')).toMatchObject({ mbitPerSecond: 4309.1, roundTripMs: 84.936 })
    expect(link('tencent/ap-shanghai', 'tencent/ap-singapore').egress.kind).toBe('p95-month')
    expect(link('aws/us-east-1', 'onprem/lab').egress).toEqual({
      kind: 'per-gb',
      tiers: [{ upToGb: null, usdPerGb: 0.09 }],
    })
  })
})

describe('the hash', () => {
  const rows = small.trim().split('\n')

  test('does not depend on comments, sources or the order of rows', () => {
    const swapped = [...rows.slice(0, 5), rows[6], rows[5], rows[7], rows[9], rows[8], '# the end'].join('\n')
    const renamed = swapped.replaceAll('mine', 'yours').replace('a guess', 'a better guess')
    expect(parseCatalogue(renamed, 'b')).toEqual(parseCatalogue(small, 'a'))
  })

  test('changes with every figure', () => {
    const figures = [...small.matchAll(/(usdPerUnitHour|mbitPerSecond|roundTripMs|egressUsdPerGb|relativeSpeed): /g)]
    const hashes = figures.map(({ index, 0: key }) => {
      const start = index + key.length
      return parseCatalogue(`${small.slice(0, start)}7${small.slice(start)}`, 'x').hash
    })
    expect(new Set([...hashes, parseCatalogue(small, 'x').hash]).size).toBe(figures.length + 1)
  })
})

describe('a wrong catalogue is refused with file, line and field', () => {
  const cases: readonly (readonly [string, string, string, string, string])[] = [
    ['negative price', 'usdPerUnitHour: 0.02', 'usdPerUnitHour: -1', 'regions[0].prices[0].usdPerUnitHour', '-1'],
    ['NaN', 'usdPerUnitHour: 0.02', 'usdPerUnitHour: .nan', 'regions[0].prices[0].usdPerUnitHour', 'NaN'],
    ['infinity', 'usdPerUnitHour: 0.02', 'usdPerUnitHour: .inf', 'regions[0].prices[0].usdPerUnitHour', 'Infinity'],
    ['text for a number', 'roundTripMs: 40', 'roundTripMs: fast', 'links[0].roundTripMs', '"fast"'],
    ['bandwidth 0', 'mbitPerSecond: 100', 'mbitPerSecond: 0', 'links[0].mbitPerSecond', 'above 0'],
    ['unknown region', 'from: onprem/lab', 'from: onprem/shed', 'links[0].from', 'onprem/shed'],
    ['link to itself', 'to: aws/us-east-1', 'to: onprem/lab', 'links[0].to', 'same region'],
    ['duplicate region', 'name: aws/us-east-1', 'name: onprem/lab', 'regions[1].name', 'regions[0]'],
    ['unknown device', 'deviceModel: cpu', 'deviceModel: tpu', 'regions[0].prices[0].deviceModel', '"tpu"'],
    ['unknown source', 'source: mine', 'source: theirs', 'deviceModels[0].source', '"theirs"'],
    ['unknown key', 'provider: aws,', 'provider: aws, spot: 1,', 'regions[1]', '"spot"'],
    ['missing key', 'mbitPerSecond: 100, ', '', 'links[0].mbitPerSecond', 'is missing'],
    ['unknown provider', 'provider: aws', 'provider: azure', 'regions[1].provider', 'aws, tencent or onprem'],
    ['bad name', 'name: onprem/lab', 'name: My Lab', 'regions[0].name', '"My Lab"'],
  ]
  test.each(cases)('%s', (_, found, replacement, field, description) => {
    const error = refusalOf(small.replace(found, replacement))
    expect(error.message).toContain('prices.yaml')
    const violation = error.violations.find((each) => each.field === field)
    expect(violation?.description).toContain(description)
    expect(violation?.description).toMatch(/\(line \d+\)/)
  })

  test('a missing direction', () => {
    const oneWay = small.trim().split('\n').slice(0, -1).join('\n')
    expect(refusalOf(oneWay).message).toContain('aws/us-east-1 to onprem/lab is missing')
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

  test('a file that is not there', async () => {
    await expect(loadCatalogue('/nowhere/prices.yaml')).rejects.toThrow(
      'catalogue /nowhere/prices.yaml can not be read',
    )
  })

  test('a folder in its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'catalogue-'))
    await writeFile(join(folder, 'ok.yaml'), small)
    expect((await loadCatalogue(join(folder, 'ok.yaml'))).regions).toHaveLength(2)
    await expect(loadCatalogue(folder)).rejects.toThrow('can not be read')
    await rm(folder, { recursive: true })
  })
})

// oxlint-disable-next-line vitest/expect-expect -- The property itself is the assertion.
test('whatever the text, it is a catalogue or a refusal', () => {
  const mutated = fc
    .tuple(
      fc.nat(small.length),
      fc.nat(12),
      fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('-', '[', '*a', '~', '1e999', '{', '\t')),
    )
    .map(([at, length, insert]) => small.slice(0, at) + insert + small.slice(at + length))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string()), (text) => {
      const pairs = ({ length }: { readonly length: number }): number => length * (length - 1)
      const outcome = attempt(text)
      return outcome instanceof CloudlessError || outcome.links.length === pairs(outcome.regions)
    }),
    { numRuns: 500 },
  )
})

/** Anything thrown but a refusal is a failure of the property. */
function attempt(text: string): Catalogue | CloudlessError {
  try {
    return parseCatalogue(text, 'x')
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
}
