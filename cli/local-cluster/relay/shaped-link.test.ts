import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { ShapedLink } from './shaped-link.ts'

/** 1,000 bytes per second make the sums readable: one byte is one millisecond. */
function aLink(clock: VirtualClock, shape: { delayMs?: number; queueBytesMax?: number } = {}): ShapedLink {
  return new ShapedLink(clock, { bytesPerSecond: 1_000, delayMs: 100, queueBytesMax: 1_000, ...shape })
}

describe('ShapedLink', () => {
  test('a parcel arrives after its own length and the delay', async () => {
    const clock = new VirtualClock(0)
    const arrivals: number[] = []
    await aLink(clock).send(50, () => arrivals.push(clock.monotonicMs()))
    await clock.advance(149)
    expect(arrivals).toEqual([])
    await clock.advance(1)
    expect(arrivals).toEqual([150])
  })

  test('parcels leave one after another, and an idle link saves nothing up', async () => {
    const clock = new VirtualClock(0)
    const link = aLink(clock)
    const arrivals: number[] = []
    const send = (): Promise<void> => link.send(50, () => arrivals.push(clock.monotonicMs()))
    await Promise.all([send(), send(), send()])
    await clock.advance(1_000)
    expect(arrivals).toEqual([150, 200, 250])
    await Promise.all([send(), send()])
    await clock.advance(1_000)
    expect(arrivals.slice(3)).toEqual([1_150, 1_200])
  })

  test('order, rate, delay and the bound of the queue hold for any traffic', async () => {
    const parcels = fc.array(fc.record({ waitMs: fc.nat({ max: 80 }), bytes: fc.integer({ min: 1, max: 120 }) }), {
      minLength: 1,
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(parcels, fc.integer({ min: 1, max: 300 }), async (traffic, queueBytesMax) => {
        const clock = new VirtualClock(0)
        const link = aLink(clock, { queueBytesMax })
        const arrivals: { index: number; atMs: number }[] = []
        const sentAtMs: number[] = []
        for (const [index, { waitMs, bytes }] of traffic.entries()) {
          await clock.advance(waitMs)
          sentAtMs.push(clock.monotonicMs())
          void link.send(bytes, () => arrivals.push({ index, atMs: clock.monotonicMs() }))
          expect(link.queuedBytes).toBeLessThanOrEqual(Math.max(queueBytesMax, 120))
        }
        await clock.advance(10_000)
        expect(arrivals.map(({ index }) => index)).toEqual(traffic.map((_, index) => index))
        expect(link.queuedBytes).toBe(0)
        let freeAtMs = 0
        for (const { index, atMs } of arrivals) {
          freeAtMs = Math.max(freeAtMs, sentAtMs[index]!) + traffic[index]!.bytes
          // A queue smaller than the next parcel may leave the line idle, never too fast.
          expect(atMs).toBeGreaterThanOrEqual(freeAtMs + 100 - 1e-6)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('a full queue makes the sender wait until there is room', async () => {
    const clock = new VirtualClock(0)
    const link = aLink(clock, { queueBytesMax: 100 })
    const admitted: number[] = []
    for (let i = 0; i < 3; i++) void link.send(60, () => {}).then(() => admitted.push(clock.monotonicMs()))
    await clock.advance(0)
    expect(admitted).toEqual([0])
    await clock.advance(1_000)
    expect(admitted).toEqual([0, 60, 120])
  })

  test('a saturated link carries its rate, whatever the size of the parcels', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (bytes) => {
        const clock = new VirtualClock(0)
        const link = aLink(clock, { delayMs: 0, queueBytesMax: 1_000 })
        let arrived = 0
        void (async () => {
          for (;;) await link.send(bytes, () => (arrived += bytes))
        })()
        await clock.advance(20_000)
        expect(arrived).toBeGreaterThanOrEqual(20_000 - 2 * bytes)
        expect(arrived).toBeLessThanOrEqual(20_000)
      }),
      { numRuns: 10 },
    )
  })

  test('a paused link holds everything and goes on where it stood', async () => {
    const clock = new VirtualClock(0)
    const link = aLink(clock)
    const arrivals: number[] = []
    await link.send(50, () => arrivals.push(clock.monotonicMs()))
    await clock.advance(20)
    link.pause()
    link.pause()
    let isAdmitted = false
    void link.send(10, () => arrivals.push(clock.monotonicMs())).then(() => (isAdmitted = true))
    await clock.advance(1_000)
    expect([arrivals, isAdmitted]).toEqual([[], false])
    link.resume()
    link.resume()
    await clock.advance(1_000)
    expect(arrivals).toEqual([1_150, 1_160])
  })
})
