import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aSync } from '#control-plane/model/builders.ts'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { CodecName } from '#proto/sync/settings.ts'
import { expectedInterval } from './expected-interval.ts'

const elements = 11_000_000
const over =
  (bytesPerSecond: number, delaySeconds = 0.03) =>
  (codec: CodecName, share: number): number =>
    delaySeconds + encodedBytes(codec, Math.round(elements * share), 0.01) / bytesPerSecond

describe('the interval that auto will choose', () => {
  test('of one fragment is what keeps the link just busy', () => {
    const settings = aSync({ fragments: 1, intervalMin: 1 })
    // 11.2 MB at 12.5 MB/s and 30 ms take 6.2 steps of 0.15 s.
    expect(expectedInterval(settings, 0.15, over(12.5e6))).toEqual({ interval: 7, codec: 'int8' })
  })

  test('of several leaves each of them time to come back', () => {
    const settings = aSync({ fragments: 4, intervalMin: 1 })
    // 2.8 MB take 1.7 steps, so one leaves every third step.
    expect(expectedInterval(settings, 0.15, over(12.5e6))).toEqual({ interval: 12, codec: 'int8' })
  })

  test('stays within its bounds: first fewer fragments, then fewer bytes', () => {
    const settings = aSync({ fragments: 4, intervalMin: 20, intervalMax: 40 })
    expect(expectedInterval(settings, 0.15, over(12.5e6))).toEqual({ interval: 20, codec: 'int8' })
    expect(expectedInterval(settings, 0.15, over(2e6)).codec).toBe('int8')
    expect(expectedInterval(settings, 0.15, over(1.2e6)).codec).toBe('int4')
    expect(expectedInterval(settings, 0.15, over(2e5)).codec).toBe('top-k')
    expect(expectedInterval(settings, 0.15, over(1e3))).toEqual({ interval: 40, codec: 'top-k' })
  })

  test('is the shortest one allowed, with exact messages, on links that carry these', () => {
    const good = over(1e9, 0.001)
    expect(expectedInterval(aSync({ fragments: 4 }), 0.15, good)).toEqual({ interval: 16, codec: 'fp32' })
    expect(expectedInterval(aSync({ codec: 'top-k' }), 0.15, good)).toEqual({ interval: 16, codec: 'top-k' })
  })

  test('never falls with a slower link, as long as the codec is the same', () => {
    const settings = aSync({ fragments: 1, codec: 'top-k' })
    const rate = fc.double({ min: 1e4, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(rate, rate, (one, other) => {
        const slow = expectedInterval(settings, 0.1, over(Math.min(one, other)))
        const fast = expectedInterval(settings, 0.1, over(Math.max(one, other)))
        expect(slow.interval).toBeGreaterThanOrEqual(fast.interval)
        expect(slow.interval).toBeLessThanOrEqual(settings.intervalMax)
        expect(fast.interval).toBeGreaterThanOrEqual(settings.intervalMin)
      }),
    )
  })
})
