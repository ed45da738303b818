import { array, assert, constantFrom, integer, property, subarray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, anAgent, gpus } from '#control-plane/model/builders.ts'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import { memoryFault, type ShareAsked } from './share-memory.ts'

const gib = 2 ** 30
const prices = { a: { cpu: 1, t4: 2 }, b: { cpu: 1, t4: 2, a10: 3 }, c: { h100: 9 } }
const speeds = { cpu: 1, t4: 10, a10: 20, h100: 90 }
const catalogue = aCatalogue(prices, speeds, { t4: 16, a10: 24, h100: 80 })

const asking = (memoryGib: number, fields: Partial<ShareAsked> = {}): ShareAsked => {
  const share: GpuShare = { requestMilli: 500, limitMilli: 750, memoryBytes: memoryGib * gib }
  return { share, deviceModels: [], regions: [], ...fields }
}

describe('memory that no allowed GPU has', () => {
  test.each<[string, ShareAsked, string]>([
    [
      'anywhere',
      asking(81),
      `${81 * gib} (81 GiB) is more than any GPU of catalogue test has: the largest is h100 with 73.33 GiB (of 80, until an agent tells what it has); ask for at most that`,
    ],
    [
      'of models',
      asking(30, { deviceModels: ['cpu', 'a10', 't4'] }),
      `${30 * gib} (30 GiB) is more than any a10 or t4 of catalogue test has: the largest is a10 with 22 GiB (of 24, until an agent tells what it has); ask for at most that, or allow h100 with 73.33 GiB (of 80, until an agent tells what it has)`,
    ],
    [
      'of regions',
      asking(25, { regions: ['a', 'b'] }),
      `${25 * gib} (25 GiB) is more than any GPU of a or b has: the largest is a10 with 22 GiB (of 24, until an agent tells what it has); ask for at most that`,
    ],
    [
      'of models in regions',
      asking(17.5, { deviceModels: ['t4'], regions: ['b'] }),
      `${17.5 * gib} (17.5 GiB) is more than any t4 of b has: the largest is t4 with 14.67 GiB (of 16, until an agent tells what it has); ask for at most that, or allow a10 with 22 GiB (of 24, until an agent tells what it has)`,
    ],
  ])('%s is refused with value, largest and fix', (_, asked, text) => {
    expect(memoryFault(asked, catalogue, [])).toBe(text)
  })

  test('is what an agent has told of the model, more or less than the catalogue names', () => {
    const agents = [anAgent('a', {}, { devices: gpus('t4', 1, { memoryBytes: 24 * gib }) })]
    const t4 = { deviceModels: ['t4'] }
    expect(memoryFault(asking(20, t4), catalogue, agents)).toBeNull()
    expect(memoryFault(asking(25, t4), catalogue, agents)).toContain('the largest is t4 with 24 GiB')
    expect(memoryFault(asking(20, { ...t4, regions: ['b'] }), catalogue, agents)).toContain(
      't4 with 14.67 GiB (of 16, until an agent tells what it has)',
    )
    // 15,360 MiB of 16 GiB: what lies between would wait for ever.
    const real = [anAgent('a', {}, { devices: gpus('t4', 1, { memoryBytes: 15 * gib }) })]
    expect(memoryFault(asking(15, t4), catalogue, real)).toBeNull()
    expect(memoryFault(asking(15.5, t4), catalogue, real)).toContain('the largest is t4 with 15 GiB; ask for')
    expect(memoryFault(asking(14.6, t4), catalogue, [])).toBeNull()
    expect(memoryFault(asking(15, t4), catalogue, [])).toContain('until an agent tells')
    // A region may have what its price list lacks.
    const lab = [anAgent('a', {}, { devices: gpus('h100', 1, { memoryBytes: 80 * gib }) })]
    expect(memoryFault(asking(80, { regions: ['a'] }), catalogue, lab)).toBeNull()
  })

  test('is what agents have told where the catalogue says nothing, and anything where nobody has', () => {
    const silent = aCatalogue(prices, speeds)
    expect(memoryFault(asking(5_000), silent, [])).toBeNull()
    const agents = [anAgent('a', {}, { devices: gpus('t4', 2) })]
    expect(memoryFault(asking(17, { deviceModels: ['t4'] }), silent, agents)).toMatch(
      /the largest is t4 with 16 GiB; .* or allow h100, whose memory nobody has told$/,
    )
  })
})

test('whatever is asked for, it is refused if and only if no allowed model has as much', () => {
  const part = 11 / 12
  const models = subarray(['cpu', 't4', 'a10', 'h100'])
  const brought = array(constantFrom(...gpus('t4', 3).map((device, i) => ({ ...device, memoryBytes: 8 * i * gib }))))
  assert(
    property(integer({ min: 0, max: 100 }), models, brought, (memoryGib, deviceModels, devices) => {
      const told = Math.max(...devices.map(({ memoryBytes }) => memoryBytes / gib), 0)
      const known: Readonly<Record<string, number>> = {
        t4: told === 0 ? 16 * part : told,
        a10: 24 * part,
        h100: 80 * part,
      }
      const allowed = deviceModels.length === 0 ? Object.keys(known) : deviceModels.filter((name) => name !== 'cpu')
      const largest = Math.max(...allowed.map((name) => known[name]!), 0)
      const fault = memoryFault(asking(memoryGib, { deviceModels }), catalogue, [anAgent('a', {}, { devices })])
      expect(fault !== null).toBe(allowed.length > 0 && memoryGib > largest)
    }),
  )
})
