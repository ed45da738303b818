import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { configsSchema } from './answers.ts'
import { rowOf } from './region-prices.ts'

const money = { currency: 'CNY', rate: 0.14, pricedOn: '2026-11-22' }

test('whatever the cloud lists, a row has a price above 0 for whole devices, or there is none', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(0, -1, 0.25, 1, 8, null), fc.integer())
  const config = fc.record(
    {
      Zone: fc.constantFrom('ap-shanghai-2', ''),
      InstanceType: fc.constantFrom('GN7.2XLARGE32', 'S5.2XLARGE16', 'SA2.LARGE8', '__proto__', 'constructor.x'),
      InstanceFamily: fc.constantFrom('GN7', '__proto__', 'toString', null),
      Cpu: number,
      Gpu: number,
      GpuCount: number,
      Status: fc.constantFrom('SELL', 'SOLD_OUT', null),
      StatusCategory: fc.constantFrom('EnoughStock', 'UnderStock', 'Other', null),
      Price: fc.record({
        UnitPrice: number,
        UnitPriceDiscount: number,
        ChargeUnit: fc.constantFrom('HOUR', 'GB', null),
      }),
    },
    { requiredKeys: ['Zone', 'InstanceType'] },
  )
  fc.assert(
    fc.property(config, fc.constantFrom('on-demand' as const, 'spot' as const), (given, market) => {
      const parsed = configsSchema.safeParse({ InstanceTypeQuotaSet: [given] })
      const row = parsed.success ? rowOf(market, parsed.data.InstanceTypeQuotaSet[0]!, money) : null
      const isSound = row === null || (row.usdPerUnitHour > 0 && Number.isFinite(row.usdPerUnitHour))
      expect(isSound).toBe(true)
      expect(['cpu', 'nvidia-t4', undefined]).toContain(row?.deviceModel)
    }),
    { numRuns: 500 },
  )
})
