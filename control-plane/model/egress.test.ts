import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EgressPrice } from '#regions/catalogue.ts'
import { bytesPerGb, egressUsd, secondsPerMonth } from './egress.ts'

const tiered: EgressPrice = {
  kind: 'per-gb',
  tiers: [
    { upToGb: 10, usdPerGb: 0.09 },
    { upToGb: 50, usdPerGb: 0.08 },
    { upToGb: null, usdPerGb: 0.05 },
  ],
}
const byRate: EgressPrice = {
  kind: 'p95-month',
  tiers: [
    { upToMbit: 100, usdPerMbitMonth: 10 },
    { upToMbit: null, usdPerMbitMonth: 6 },
  ],
}

describe('bytes by the GB', () => {
  test('go through the tiers, from where the month already stands', () => {
    expect(egressUsd(tiered, 5 * bytesPerGb, 60)).toBeCloseTo(0.45)
    expect(egressUsd(tiered, 60 * bytesPerGb, 60)).toBeCloseTo(0.9 + 3.2 + 0.5)
    expect(egressUsd(tiered, 10 * bytesPerGb, 60, 45 * bytesPerGb)).toBeCloseTo(0.4 + 0.25)
  })

  test('cost the same in one piece or in many', () => {
    const gb = fc.double({ min: 0, max: 100, noNaN: true })
    fc.assert(
      fc.property(gb, gb, gb, (before, first, second) => {
        const [from, one, two] = [before * bytesPerGb, first * bytesPerGb, second * bytesPerGb]
        const apart = egressUsd(tiered, one, 1, from) + egressUsd(tiered, two, 1, from + one)
        expect(apart).toBeCloseTo(egressUsd(tiered, one + two, 1, from), 9)
      }),
    )
  })
})

describe('bytes by the 95th percentile of a month', () => {
  const bytesAt = (mbit: number, seconds: number): number => (mbit * 1e6 * seconds) / 8

  test('cost the whole price when they are sent all month long', () => {
    expect(egressUsd(byRate, bytesAt(50, secondsPerMonth), secondsPerMonth)).toBeCloseTo(500)
    expect(egressUsd(byRate, bytesAt(150, secondsPerMonth), secondsPerMonth)).toBeCloseTo(1000 + 300)
  })

  test('cost their share of the month', () => {
    expect(egressUsd(byRate, bytesAt(50, 3600), 3600)).toBeCloseTo((500 * 3600) / secondsPerMonth)
  })

  test('sent in no time are taken as sent in a second', () => {
    expect(egressUsd(byRate, bytesAt(50, 1), 0)).toBe(egressUsd(byRate, bytesAt(50, 1), 1))
  })
})

test('nothing costs nothing', () => {
  for (const price of [tiered, byRate]) expect(egressUsd(price, 0, 0)).toBe(0)
})
