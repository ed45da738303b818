import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  test('timers fire in order of time, then of creation, at their time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 50 }), { maxLength: 30 }), async (delays) => {
        const clock = new VirtualClock(1_000)
        const fired: { delay: number; index: number; atMs: number }[] = []
        for (const [index, delay] of delays.entries()) {
          clock.after(delay, () => fired.push({ delay, index, atMs: clock.now() }))
        }
        await clock.advance(50)
        const expected = delays.map((delay, index) => ({ delay, index, atMs: 1_000 + delay }))
        expect(fired).toEqual(expected.sort((a, b) => a.delay - b.delay || a.index - b.index))
      }),
      { numRuns: 50 },
    )
  })

  test('advance stops at its end and leaves later timers', async () => {
    const clock = new VirtualClock(0)
    const fired: number[] = []
    for (const delay of [10, 20, 30]) clock.after(delay, () => fired.push(delay))
    await clock.advance(20)
    expect(fired).toEqual([10, 20])
    expect(clock.monotonicMs()).toBe(20)
    await clock.advance(5)
    expect(fired).toEqual([10, 20])
    await clock.advance(5)
    expect(fired).toEqual([10, 20, 30])
  })

  test('a timer set by a timer fires in the same advance', async () => {
    const clock = new VirtualClock(0)
    const fired: number[] = []
    clock.after(10, () => clock.after(5, () => fired.push(clock.now())))
    await clock.advance(15)
    expect(fired).toEqual([15])
  })

  test('a cancelled timer does not fire', async () => {
    const clock = new VirtualClock()
    let hasFired = false
    clock.after(10, () => (hasFired = true)).cancel()
    await clock.advance(100)
    expect(hasFired).toBe(false)
  })

  test('step tells whether a timer fired before the limit', async () => {
    const clock = new VirtualClock(0)
    clock.after(10, () => {})
    expect(await clock.step(9)).toBe(false)
    expect(clock.now()).toBe(0)
    expect(await clock.step(10)).toBe(true)
    expect(clock.now()).toBe(10)
    expect(await clock.step()).toBe(false)
  })

  test('sleep ends after its time, and at once when aborted before or meanwhile', async () => {
    const clock = new VirtualClock(0)
    const log: string[] = []
    const abort = new AbortController()
    void clock.sleep(10).then(() => log.push(`slept ${clock.now()}`))
    void clock.sleep(50, abort.signal).then(() => log.push(`aborted ${clock.now()}`))
    await clock.sleep(50, AbortSignal.abort())
    expect(clock.now()).toBe(0)
    await clock.advance(20)
    abort.abort()
    await clock.advance(0)
    expect(log).toEqual(['slept 10', 'aborted 20'])
  })

  test('an awaiting loop makes progress between timers', async () => {
    const clock = new VirtualClock(0)
    const ticks: number[] = []
    void (async () => {
      for (;;) {
        await clock.sleep(10)
        await Promise.resolve()
        ticks.push(clock.now())
      }
    })()
    await clock.advance(35)
    expect(ticks).toEqual([10, 20, 30])
  })
})
