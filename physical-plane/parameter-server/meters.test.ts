import { expect, test } from 'vitest'
import { RoundMeter, StallMeter } from './meters.ts'

test('workers that step in bursts have the speed of all their steps together', () => {
  const meter = new StallMeter()
  const told = new Set<number>()
  // Three workers, each 10 times a second, all within a millisecond.
  for (let i = 0; i < 300; i++) {
    meter.step(Math.floor(i / 3) * 100 + (i % 3))
    if (i > 60) told.add(Math.round(meter.stepsPerSecond))
  }
  expect([...told]).toEqual([30])
})

test('the first two steps already give a speed, and time that steps had to wait is none of theirs', () => {
  const meter = new StallMeter()
  meter.step(0)
  expect(meter.stepsPerSecond).toBe(0)
  meter.step(50)
  expect(meter.stepsPerSecond).toBeCloseTo(20)
  for (let i = 0; i < 100; i++) {
    const atMs = 50 + 1050 * i
    meter.blocked(true, atMs)
    meter.blocked(false, atMs + 1000)
    meter.step(atMs + 1050)
  }
  expect(meter.stepsPerSecond).toBeCloseTo(20)
  expect(meter.stallSeconds).toBeCloseTo(100)
})

test('the share of time spent waiting is of the time since the first step, by a clock that nobody sets', () => {
  const meter = new StallMeter()
  meter.blocked(true, 0)
  meter.blocked(false, 500)
  expect(meter.share(1_000)).toBe(0)
  meter.step(1_000)
  meter.blocked(true, 1_500)
  meter.blocked(false, 2_000)
  expect(meter.share(3_000)).toBe(0.25)
  meter.blocked(true, 3_000)
  meter.blocked(true, 5_000)
  expect(meter.share(5_000)).toBe(2.5 / 4)
})

test('an exchange takes from its sealing to when all have it, whenever the next record is; each is told once', () => {
  const meter = new RoundMeter(0, 1000)
  for (const [seq, atMs] of [
    [1, 2000],
    [2, 3000],
    [3, 4000],
  ] as const)
    meter.sealed(seq, atMs)
  expect(meter.deliverySeconds).toBe(0)
  meter.delivered(2, 3500)
  // The same again, as peers say it, is no other delivery.
  meter.delivered(2, 9000)
  expect(meter.deliverySeconds).toBe(0.5)
  expect(meter.close(10_000, 0)).toMatchObject({ number: 1, seconds: 9 })
  expect(meter.deliverySeconds).toBe(0)
  meter.delivered(3, 11_000)
  expect(meter.deliverySeconds).toBe(7)
})
