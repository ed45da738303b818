import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CatalogueRegion } from './catalogue.ts'
import { layersMax, regionsMax } from './config.ts'
import type { Layer } from './layer.ts'
import { bundledCataloguePath, loadCatalogue, loadLayers } from './load-catalogue.ts'

function usdOf({ prices }: CatalogueRegion, model: string): number {
  const own = prices.filter(({ deviceModel, market }) => deviceModel === model && market === 'on-demand')
  return Math.min(...own.map(({ usdPerUnitHour }) => usdPerUnitHour))
}

describe('the price list that comes along', () => {
  test('has the regions of the demo, priced and linked in both directions', async () => {
    const { catalogue, warnings } = await loadLayers()
    expect(warnings).toEqual([])
    const names = catalogue.regions.map(({ name }) => name)
    for (const name of ['onprem/lab', 'aws/us-east-1', 'tencent/ap-shanghai']) {
      const region = catalogue.regions.find((each) => each.name === name)!
      expect(usdOf(region, 'cpu')).toBeGreaterThan(0)
    }
    expect(catalogue.links).toHaveLength(names.length * (names.length - 1))
    expect(catalogue.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('has the clouds that were measured, with the prices there are', async () => {
    const { regions, links } = await loadCatalogue()
    const count = (provider: string): number => regions.filter((region) => region.provider === provider).length
    expect([count('aws'), count('azure'), count('gcp'), count('onprem'), count('tencent')]).toEqual([28, 22, 24, 1, 17])
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

describe('an operator’s own files', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catalogue-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }

  test('lie over the bundled list, say only what they know, and may refer to what is below', async () => {
    const rack = await file(
      'rack.yaml',
      `
regions: [{ name: onprem/rack, prices: [{ deviceModel: nvidia-t4, usdPerUnitHour: 0.2 }] }]
egress: [{ from: onprem/rack, to: "*", usdPerGb: 0 }, { from: "*", to: onprem/rack, usdPerGb: 0.05 }]
links: [{ from: onprem/rack, to: aws/us-east-1, mbitPerSecond: 940, roundTripMs: 9 }]
`,
    )
    const contract = await file(
      'contract.yaml',
      `
version: deal-7
regions: [{ name: onprem/rack, prices: [{ deviceModel: nvidia-t4, usdPerUnitHour: 0.1 }] }]
`,
    )
    const bundled = await loadCatalogue()
    const { catalogue, warnings, layers } = await loadLayers([rack, contract])
    expect(warnings).toEqual([])
    expect(layers.map(({ id }) => id)).toEqual(['2026-11', 'rack', 'deal-7'])
    expect(catalogue.version).toBe('2026-11+rack+deal-7')
    expect(catalogue.hash).not.toBe(bundled.hash)
    expect(catalogue.regions).toHaveLength(bundled.regions.length + 1)
    expect(
      usdOf(
        catalogue.regions.find(({ name }) => name === 'onprem/rack')!,
        'nvidia-t4',
      ),
    ).toBe(0.1)
    const link = (from: string, to: string) => catalogue.links.find((each) => each.from === from && each.to === to)
    expect(link('onprem/rack', 'aws/us-east-1')).toMatchObject({ mbitPerSecond: 940, roundTripMs: 9 })
    // Nobody has measured this one: the default, at the rule's price.
    const egress = { kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb: 0 }] }
    expect(link('onprem/rack', 'gcp/us-west1')).toMatchObject({ mbitPerSecond: 100, roundTripMs: 200, egress })
    expect(link('aws/us-east-1', 'aws/us-west-2')).toEqual(
      bundled.links.find(({ from, to }) => from === 'aws/us-east-1' && to === 'aws/us-west-2'),
    )
  })

  test('lie over what was fetched from clouds too', async () => {
    const base = (await loadCatalogue()).regions.find(({ name }) => name === 'aws/us-east-1')!
    const price = { ...base.prices[0]!, deviceModel: 'nvidia-t4', instanceType: '', zone: '' }
    const fetched: Layer = {
      id: 'aws',
      fetchedAtMs: Date.UTC(2026, 10, 22),
      usdPer: {},
      regions: [{ ...base, prices: [{ ...price, market: 'on-demand', usdPerUnitHour: 9 }], complete: ['on-demand'] }],
      links: [],
      egress: [],
      defaultLink: null,
      deviceModels: [],
    }
    const own = await file(
      'own.yaml',
      'regions: [{ name: aws/us-east-1, prices: [{ deviceModel: nvidia-t4, usdPerUnitHour: 5 }] }]',
    )
    const t4 = async (paths: readonly string[]): Promise<number> => {
      const { regions, version } = await loadCatalogue(paths, { fetched: [fetched] })
      expect(version).toMatch(/^2026-11\+aws\.2026-11-22/)
      return usdOf(
        regions.find(({ name }) => name === 'aws/us-east-1')!,
        'nvidia-t4',
      )
    }
    expect(await t4([])).toBe(9)
    expect(await t4([own])).toBe(5)
  })

  test('of pairs that nothing prices the user hears', async () => {
    const rack = await file(
      'unpriced.yaml',
      'regions: [{ name: onprem/rack, prices: [{ deviceModel: cpu, usdPerUnitHour: 0.2 }] }]',
    )
    const { catalogue, warnings } = await loadLayers([rack])
    expect(warnings).toEqual([
      expect.stringMatching(/^nothing says what onprem\/rack pays for bytes to .* and \d+ more; add an egress row/),
    ])
    expect(catalogue.links.some(({ from }) => from === 'onprem/rack')).toBe(false)
    expect(catalogue.links.some(({ to }) => to === 'onprem/rack')).toBe(true)
  })

  test('as they are written in catalogue.md', async () => {
    const document = await readFile(join(import.meta.dirname, 'catalogue.md'), 'utf8')
    const blocks = [...document.matchAll(/```yaml\n# ([a-z]+\.yaml)([\s\S]*?)```/g)]
    const paths = await Promise.all(blocks.map(([, name, text]) => file(name!, `# ${text!}`)))
    const { catalogue, warnings } = await loadLayers(paths)
    expect(warnings).toEqual([])
    expect(catalogue.version).toBe('2026-11+rack-7+contract')
    const usd = catalogue.regions.find(({ name }) => name === 'onprem/rack')!.prices.map((row) => row.usdPerUnitHour)
    expect(usd).toEqual([0.1 * 0.14, 0.2])
  })

  test('can stand on their own', async () => {
    const alone = await loadCatalogue([bundledCataloguePath], { withBundled: false })
    expect(alone).toEqual(await loadCatalogue())
    const path = await file(
      'alone.yaml',
      'regions: [{ name: onprem/a, prices: [{ deviceModel: cpu, usdPerUnitHour: 1 }] }]',
    )
    await expect(loadCatalogue([path], { withBundled: false })).rejects.toThrow('device model "cpu" does not exist')
  })

  test('that are not there, or too many, are refused', async () => {
    const path = '/nowhere/prices.yaml'
    await expect(loadCatalogue([path])).rejects.toThrow(`catalogue ${path} can not be read`)
    await expect(loadCatalogue([folder])).rejects.toThrow('can not be read')
    const names = Array.from({ length: regionsMax }, (_, i) => `{ name: onprem/r${i} }`)
    const crowd = await file('crowd.yaml', `regions: [${names.join(', ')}]`)
    await expect(loadCatalogue([crowd])).rejects.toThrow(/regions: are 1092 with those of .*crowd.yaml; at most 1000/)
    const many = Array.from({ length: layersMax + 1 }, () => path)
    await expect(loadCatalogue(many)).rejects.toThrow(`at most ${layersMax} are read`)
  })
})
