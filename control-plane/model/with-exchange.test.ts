import { expect, test } from 'vitest'
import { aSync } from './builders.ts'
import { withExchange } from './with-exchange.ts'

const planned = { interval: 40, codec: 'int8', fragments: 1, hub: 'a' }

test('what a plan lays down is the interval of a strategy that has one', () => {
  const sync = aSync({ strategy: 'diloco', interval: 8 })
  expect(withExchange(sync, planned)).toEqual({ ...sync, interval: 40, codec: 'int8', fragments: 1 })
  expect(withExchange(sync, null)).toBe(sync)
})

test('and the least one of a strategy that adapts it, within the bounds of the job', () => {
  const bounds = (intervalMin: number, intervalMax: number): number =>
    withExchange(aSync({ strategy: 'auto', intervalMin, intervalMax }), planned).intervalMin
  expect([bounds(8, 256), bounds(64, 256), bounds(8, 32)]).toEqual([40, 64, 32])
})
