import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { listPriceOf } from './list-prices.ts'
import { product } from './recorded.fixture.ts'

describe('a product of the price list', () => {
  test('costs what it costs on demand by the hour', () => {
    expect(listPriceOf('X', product('g4dn.xlarge', '0.5260000000'))).toEqual({
      instanceType: 'g4dn.xlarge',
      perHour: 0.526,
      currency: 'USD',
    })
  })

  test('without an hourly price is passed over', () => {
    expect(listPriceOf('X', product('g4dn.xlarge', '0.0000000000'))).toBeNull()
    expect(listPriceOf('X', product('g4dn.xlarge', '12', 'USD', 'Quantity'))).toBeNull()
    const reservedOnly = product('g4dn.xlarge', '1').replace('"OnDemand"', '"Other"')
    expect(listPriceOf('X', reservedOnly)).toBeNull()
    const block = product('p5.48xlarge', '31.46').replace('"tenancy"', '"marketoption":"CapacityBlock","tenancy"')
    expect(listPriceOf('X', block)).toBeNull()
  })

  test('whatever it says, its price is a number above 0 or it is refused', () => {
    const odd = fc.oneof(fc.json(), fc.string(), fc.constantFrom('Infinity', '-3', '', ' ', '1e400', '0x10', 'NaN'))
    const texts = fc.oneof(
      odd,
      fc.tuple(odd, fc.string()).map(([amount, currency]) => product('g4dn.xlarge', amount, currency)),
      odd.map((type) => product(type, '1')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const perHour = priceOrRefusal(text)
        expect(perHour === null || (Number.isFinite(perHour) && perHour > 0)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

/** Null for one that is passed over or refused; any other error is one. */
function priceOrRefusal(text: string): number | null {
  try {
    return listPriceOf('X', text)?.perHour ?? null
  } catch (error) {
    if (error instanceof CloudlessError) return null
    throw error
  }
}
