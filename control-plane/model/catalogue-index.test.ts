import { describe, expect, test } from 'vitest'
import { aCatalogue, aPrice } from './builders.ts'
import { indexCatalogue } from './catalogue-index.ts'
import { classKey, classNamed, plainClass, type DeviceClass } from './device-class.ts'

const t4 = plainClass('t4')
const spot: DeviceClass = { ...t4, market: 'spot' }
const prices = [
  aPrice('t4', 0.6),
  aPrice('t4', 0.5, { instanceType: 'g4dn.xlarge' }),
  aPrice('t4', 0.7, { instanceType: 'g4dn.metal' }),
  aPrice('t4', 0.3, { market: 'spot', zone: 'a' }),
  aPrice('t4', 0.2, { market: 'spot', zone: 'b' }),
  aPrice('t4', 0.25, { market: 'spot', zone: 'b', instanceType: 'g4dn.metal' }),
]
const base = aCatalogue({ here: {} })
const index = indexCatalogue({ ...base, regions: [{ ...base.regions[0]!, prices }] })
const usd = (device: DeviceClass): number | null => index.price('here', device)?.usdPerUnitHour ?? null

describe('the price of a unit', () => {
  test('is the cheapest of its model where nothing else is known of the machine', () => {
    expect([usd(t4), usd(spot)]).toEqual([0.5, 0.2])
  })

  test('is that of its own zone and machine where they are known', () => {
    expect(usd({ ...t4, instanceType: 'g4dn.metal' })).toBe(0.7)
    expect(usd({ ...spot, zone: 'a' })).toBe(0.3)
    expect(usd({ ...spot, zone: 'b', instanceType: 'g4dn.metal' })).toBe(0.25)
    expect(usd({ ...spot, zone: 'b', instanceType: 'g4dn.xlarge' })).toBe(0.2)
  })

  test('of a machine without its own row is the one for every machine', () => {
    expect(usd({ ...t4, instanceType: 'g4dn.8xlarge' })).toBe(0.6)
  })

  test('is unknown for another zone, market, model or region', () => {
    expect(usd({ ...spot, zone: 'c' })).toBeNull()
    expect(usd(plainClass('v100'))).toBeNull()
    expect(index.price('there', t4)).toBeNull()
  })
})

test('a class is what its key says', () => {
  const classes = ['', 'us-east-1a'].flatMap((zone) =>
    ['', 'g4dn.xlarge'].flatMap((instanceType) => [
      { ...t4, zone, instanceType },
      { ...spot, zone, instanceType },
    ]),
  )
  expect(classes.map((each) => classNamed(classKey(each)))).toEqual(classes)
  expect(new Set(classes.map(classKey)).size).toBe(classes.length)
  expect(classKey({ ...spot, zone: 'us-east-1a', instanceType: 'g4dn.xlarge' })).toBe('t4@spot/us-east-1a/g4dn.xlarge')
})
