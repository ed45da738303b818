import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { perGb } from '#control-plane/model/builders.ts'
import { billingBinMs, monthName, monthOf, type TrafficBin } from '#control-plane/model/costs.ts'
import type { EgressPrice } from '#control-plane/model/egress.ts'
import { billMonth } from './bill-month.ts'

const monthMs = Date.UTC(2026, 10)
const dayMs = 86_400_000
const byBandwidth: EgressPrice = {
  kind: 'p95-month',
  tiers: [
    { upToMbit: 10, usdPerMbitMonth: 30 },
    { upToMbit: null, usdPerMbitMonth: 12 },
  ],
}

/** So many bins one after the other that each carry so many Mbit/s. */
function at(mbitPerSecond: number, bins: number, fromMs = monthMs): TrafficBin[] {
  const bytes = (mbitPerSecond * 1e6 * 300) / 8
  return Array.from({ length: bins }, (_, i) => ({ atMs: fromMs + i * billingBinMs, bytes }))
}

describe('a month by 95th percentile', () => {
  test('leaves the highest twentieth out and counts the days that had traffic', () => {
    // Of one day's 288 means 14 are not billed.
    expect(billMonth(byBandwidth, at(50, 14), monthMs)).toMatchObject({ p95MbitPerSecond: 0, days: 1, billUsd: 0 })
    const bill = billMonth(byBandwidth, at(50, 15), monthMs)
    expect(bill).toMatchObject({ p95MbitPerSecond: 50, days: 1 })
    expect(bill.billUsd).toBeCloseTo((10 * 30 + 40 * 12) / 30)
    // A burst of an hour in a month of 2 Mbit/s is free.
    const long = billMonth(byBandwidth, [...at(2, 29 * 288), ...at(900, 12, monthMs + 29 * dayMs)], monthMs)
    expect(long.billUsd).toBeCloseTo(60)
  })

  test('all month long at one rate costs that rate', () => {
    const bill = billMonth(byBandwidth, at(7, 30 * 288), monthMs)
    expect(bill.p95MbitPerSecond).toBeCloseTo(7)
    expect(bill.billUsd).toBeCloseTo(210)
  })

  test('never bills more than the highest mean, nor less for more', () => {
    const bins = fc.array(fc.tuple(fc.nat(30 * 288 - 1), fc.double({ min: 0, max: 1e12, noNaN: true })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(bins, fc.double({ min: 1, max: 3, noNaN: true }), (given, factor) => {
        const some = [...new Map(given)].map(([i, bytes]) => ({ atMs: monthMs + i * billingBinMs, bytes }))
        const bill = billMonth(byBandwidth, some, monthMs)
        const highest = Math.max(0, ...some.map(({ bytes }) => (bytes * 8) / 1e6 / 300))
        expect(bill.p95MbitPerSecond).toBeLessThanOrEqual(highest)
        const more = billMonth(
          byBandwidth,
          some.map((bin) => ({ ...bin, bytes: bin.bytes * factor })),
          monthMs,
        )
        expect(more.billUsd).toBeGreaterThanOrEqual(bill.billUsd * (1 - 1e-12))
      }),
    )
  })
})

describe('a month by the GB', () => {
  const tiers: EgressPrice = {
    kind: 'per-gb',
    tiers: [
      { upToGb: 10, usdPerGb: 0.1 },
      { upToGb: null, usdPerGb: 0.05 },
    ],
  }
  test('goes through the tiers once, whoever sent it', () => {
    const bill = billMonth(
      tiers,
      [
        { atMs: monthMs, bytes: 8e9 },
        { atMs: monthMs + dayMs, bytes: 8e9 },
      ],
      monthMs,
    )
    expect(bill).toMatchObject({ bytes: 16e9, days: 2, billUsd: expect.closeTo(1.3) as unknown })
  })

  test('without traffic or without a price is nothing', () => {
    expect(billMonth(perGb(0.1), [], monthMs)).toEqual({ bytes: 0, p95MbitPerSecond: 0, days: 0, billUsd: 0 })
    expect(billMonth(null, at(5, 3), monthMs)).toMatchObject({ billUsd: 0, days: 1 })
  })
})

test('months are those of UTC', () => {
  expect(monthOf(Date.UTC(2026, 11, 31, 23, 59))).toBe(Date.UTC(2026, 11))
  expect(monthOf(0)).toBe(0)
  expect(monthName(Date.UTC(2028, 1))).toBe('2028-02')
})
