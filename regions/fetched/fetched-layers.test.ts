import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aLayer, aLayerRegion, aPrice } from '#regions/a-layer.fixture.ts'
import { layersMax } from './config.ts'
import { fingerprintOf, keepLayers, layersOf, readFetched } from './fetched-layers.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fetched-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const fetched = (fetchedAtMs: number, ...names: readonly string[]) => ({
  ...aLayer({
    regions: names.map((name) =>
      aLayerRegion(name, {
        prices: [{ ...aPrice('nvidia-t4', 0.2, { market: 'spot', zone: 'a' }), lossesPerHour: null }],
        complete: ['spot'],
      }),
    ),
  }),
  fetchedAtMs,
})
const ids = async (): Promise<readonly string[]> => (await readFetched(folder)).layers.map(({ id }) => id)

describe('fetched layers', () => {
  test('are read as they were kept', async () => {
    const layers = layersOf('aws', fetched(5, 'aws/a', 'aws/b'), true)
    await keepLayers(folder, layers)
    expect(await readFetched(folder)).toEqual({ layers, warnings: [] })
    expect(readdirSync(folder)).toEqual(['aws.json'])
  })

  test('of regions lie over the whole cloud while they are newer, and go with the next whole one', async () => {
    await keepLayers(folder, layersOf('aws', fetched(5, 'aws/us-east-1', 'aws/b'), true))
    await keepLayers(folder, layersOf('aws', fetched(6, 'aws/us-east-1', 'aws/b'), false))
    await keepLayers(folder, layersOf('tencent', fetched(3, 'tencent/x'), true))
    expect(await ids()).toEqual(['tencent', 'aws', 'aws.b', 'aws.us-east-1'])
    await keepLayers(folder, layersOf('aws', fetched(7, 'aws/b'), true))
    expect(await ids()).toEqual(['tencent', 'aws'])
  })

  test('are none without a folder', async () => {
    expect(await readFetched(join(folder, 'nowhere'))).toEqual({ layers: [], warnings: [] })
    expect(await fingerprintOf(join(folder, 'nowhere'))).toBe('')
  })

  test('that are broken are told and passed over', async () => {
    await keepLayers(folder, layersOf('aws', fetched(5, 'aws/a'), true))
    await keepLayers(folder, layersOf('tencent', fetched(5, 'tencent/a'), true))
    truncateSync(join(folder, 'aws.json'), 40)
    writeFileSync(join(folder, 'gcp.json'), readFileSync(join(folder, 'tencent.json')))
    const { layers, warnings } = await readFetched(folder)
    expect(layers.map(({ id }) => id)).toEqual(['tencent'])
    expect(warnings).toEqual([
      expect.stringMatching(/aws\.json is not used: .*refresh it or delete the file$/),
      expect.stringMatching(/gcp\.json is not used: it says that it is tencent$/),
    ])
  })

  test('are bounded in number, the newest first', async () => {
    const names = Array.from({ length: layersMax + 2 }, (_, i) => `aws/r${i + 10}`)
    for (const [i, name] of names.entries()) await keepLayers(folder, layersOf('aws', fetched(100 + i, name), false))
    const { layers, warnings } = await readFetched(folder)
    expect(layers).toHaveLength(layersMax)
    expect(layers.at(-1)?.id).toBe('aws.r35')
    expect(warnings).toHaveLength(2)
  })

  test('that changed change the fingerprint', async () => {
    const before = await fingerprintOf(folder)
    await keepLayers(folder, layersOf('aws', fetched(5, 'aws/a'), true))
    const after = await fingerprintOf(folder)
    expect(after).not.toBe(before)
    expect(await fingerprintOf(folder)).toBe(after)
    await keepLayers(folder, layersOf('aws', fetched(6, 'aws/a'), true))
    expect(await fingerprintOf(folder)).not.toBe(after)
  })

  test('whatever a file holds, it is a layer or a warning', async () => {
    const good = JSON.stringify({
      format: 1,
      id: 'aws',
      fetchedAtMs: 1,
      usdPer: {},
      regions: fetched(1, 'aws/a').regions,
    })
    const cut = fc.nat({ max: good.length }).map((length) => good.slice(0, length))
    const odd = fc
      .tuple(fc.constantFrom('0.2', '"spot"', '"nvidia-t4"', '1', 'null'), fc.json())
      .map(([from, to]) => good.replace(from, to))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), cut, odd), async (text) => {
        writeFileSync(join(folder, 'aws.json'), text)
        const { layers, warnings } = await readFetched(folder)
        expect(layers.length + warnings.length).toBe(1)
        for (const { prices } of layers.flatMap(({ regions }) => regions))
          for (const { usdPerUnitHour } of prices) expect(usdPerUnitHour).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 200 },
    )
  })
})
