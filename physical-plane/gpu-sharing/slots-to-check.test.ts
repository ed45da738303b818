import { expect, test } from 'vitest'
import { slotsToCheck } from './slots-to-check.ts'

const config = { suspectAfterMs: 20, livenessChecksPerTick: 3 }
const nowNs = 1e9
const idle = { isBusy: false, lastLaunchNs: 0 }

test('all have their turn, a few at a time, and then it begins again', () => {
  const readings = new Map([9, 1, 4, 7, 2].map((slot) => [slot, idle]))
  const first = slotsToCheck(readings, 0, nowNs, config)
  expect([...first.slots]).toEqual([1, 2, 4])
  const second = slotsToCheck(readings, first.nextFromSlot, nowNs, config)
  expect([...second.slots]).toEqual([7, 9, 1])
  expect([...slotsToCheck(readings, second.nextFromSlot, nowNs, config).slots]).toEqual([2, 4, 7])
})

test('who is busy and has launched nothing for long is looked at whoever’s turn it is', () => {
  const readings = new Map([1, 2, 3, 4, 5, 6].map((slot) => [slot, idle]))
  readings.set(6, { isBusy: true, lastLaunchNs: nowNs - 21e6 })
  readings.set(5, { isBusy: true, lastLaunchNs: nowNs - 19e6 })
  expect([...slotsToCheck(readings, 0, nowNs, config).slots]).toEqual([6, 1, 2, 3])
})

test('few are all looked at, and those without a reading too', () => {
  expect([...slotsToCheck(new Map([[3, null]]), 200, nowNs, config).slots]).toEqual([3])
  expect(slotsToCheck(new Map(), 5, nowNs, config)).toEqual({ slots: new Set(), nextFromSlot: 0 })
})
