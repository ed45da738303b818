import { describe, expect, test } from 'vitest'
import { aCatalogue, aPrice } from './builders.ts'
import { indexCatalogue } from './catalogue-index.ts'
import { plainClass } from './device-class.ts'
import { isKnownDevice, migSlice } from './mig-slice.ts'

const gib = 2 ** 30

describe('a MIG slice', () => {
  test.each([
    ['nvidia-a100-mig-3g.20gb', { of: 'nvidia-a100', part: 3 / 7, memoryBytes: 20 * gib }],
    ['nvidia-a100-80-mig-1g.10gb-me', { of: 'nvidia-a100-80', part: 1 / 7, memoryBytes: 10 * gib }],
    ['nvidia-a30-mig-2g.12gb', { of: 'nvidia-a30', part: 1 / 2, memoryBytes: 12 * gib }],
    ['nvidia-a100', null],
    ['nvidia-a30-mig-7g.80gb', null],
    ['nvidia-a100-mig-9g.20gb', null],
    ['nvidia-a100-mig-1c.3g.20gb', null],
    ['mig-1g.5gb', null],
  ])('%s', (name, slice) => {
    expect(migSlice(name)).toEqual(slice)
  })

  test('is known where its GPU is', () => {
    expect(isKnownDevice('nvidia-a100-mig-3g.20gb', ['cpu', 'nvidia-a100'])).toBe(true)
    expect(isKnownDevice('nvidia-a100-mig-3g.20gb', ['cpu', 'nvidia-t4'])).toBe(false)
    expect(isKnownDevice('', ['cpu'])).toBe(false)
  })

  test('costs and answers its part of the GPU, unless the catalogue has a row of its own', () => {
    const base = aCatalogue({ here: {} }, { cpu: 1, 'nvidia-a100': 70, 'nvidia-a100-mig-1g.5gb': 12 })
    const prices = [aPrice('nvidia-a100', 3.5), aPrice('nvidia-a100-mig-1g.5gb', 0.7)]
    const index = indexCatalogue({ ...base, regions: [{ ...base.regions[0]!, prices }] })
    const usd = (model: string): number | undefined => index.price('here', plainClass(model))?.usdPerUnitHour
    expect([usd('nvidia-a100-mig-3g.20gb'), usd('nvidia-a100-mig-1g.5gb')]).toEqual([(3 * 3.5) / 7, 0.7])
    expect(usd('nvidia-h100-mig-1g.10gb')).toBeUndefined()
    expect(['nvidia-a100-mig-2g.10gb', 'nvidia-a100-mig-1g.5gb', 'nvidia-h100'].map(index.relativeSpeed)).toEqual([
      20,
      12,
      null,
    ])
    expect(index.memoryBytes('nvidia-a100-mig-2g.10gb')).toBe(10 * gib)
  })
})
