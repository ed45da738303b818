// The window against a model of a link: a queue that drains at a rate, and a delay.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { channelBytes, channelsMax, windowBytesFirst, windowBytesMax } from './config.ts'
import { LinkMeter } from './link-meter.ts'

type Link = { readonly bytesPerSecond: number; readonly roundTripMs: number }

/** Fetches without pause for a while over a link that carries one range after another, and says what it got. */
function fetchOver(meter: LinkMeter, link: Link, seconds: number, startMs = 0): { readonly bytesPerSecond: number } {
  let nowMs = startMs
  let freeAtMs = startMs
  let asked = 0
  let received = 0
  const underWay: { arrivesAtMs: number; bytes: number; mark: ReturnType<LinkMeter['mark']> }[] = []
  while (nowMs < startMs + seconds * 1000) {
    while (asked < meter.windowBytes) {
      const bytes = meter.rangeBytes
      freeAtMs = Math.max(freeAtMs, nowMs + link.roundTripMs / 2) + (bytes / link.bytesPerSecond) * 1000
      underWay.push({ arrivesAtMs: freeAtMs + link.roundTripMs / 2, bytes, mark: meter.mark(nowMs) })
      asked += bytes
    }
    const first = underWay.shift()!
    nowMs = first.arrivesAtMs
    asked -= first.bytes
    received += first.bytes
    meter.arrived(first.bytes, nowMs)
    meter.completed(first.mark, nowMs, false)
  }
  return { bytesPerSecond: (received * 1000) / (nowMs - startMs) }
}

const links = fc.record({
  bytesPerSecond: fc.double({ min: 1e5, max: 1.25e8, noNaN: true }),
  roundTripMs: fc.double({ min: 1, max: 200, noNaN: true }),
})

describe('the window', () => {
  test('fills any link, and is at most some four times what that takes once it is known', () => {
    fc.assert(
      fc.property(links, (link) => {
        const meter = new LinkMeter()
        meter.roundTrip(link.roundTripMs)
        fetchOver(meter, link, 20)
        const { bytesPerSecond } = fetchOver(meter, link, 20, 40_000)
        const product = (link.bytesPerSecond * link.roundTripMs) / 1000
        expect(bytesPerSecond / link.bytesPerSecond).toBeGreaterThan(0.95)
        expect(meter.windowBytes).toBeLessThan(Math.max(4 * product, link.bytesPerSecond * 0.25, 2 ** 17))
        expect(meter.windowBytes).toBeLessThanOrEqual(windowBytesMax)
      }),
      { numRuns: 60 },
    )
  })

  test('an unknown link is full within a few round trips', () => {
    const meter = new LinkMeter()
    const link = { bytesPerSecond: 25e6, roundTripMs: 150 }
    meter.roundTrip(150)
    expect(meter.windowBytes).toBe(windowBytesFirst)
    fetchOver(meter, link, 0.6)
    expect(meter.windowBytes).toBeGreaterThan(2 * 25e6 * 0.15)
  })

  test('a link that becomes slower or quicker is followed', () => {
    const meter = new LinkMeter()
    meter.roundTrip(100)
    fetchOver(meter, { bytesPerSecond: 10e6, roundTripMs: 100 }, 10)
    const before = meter.windowBytes
    fetchOver(meter, { bytesPerSecond: 1e6, roundTripMs: 100 }, 30, 60_000)
    expect(meter.windowBytes).toBeLessThan(before / 4)
    fetchOver(meter, { bytesPerSecond: 10e6, roundTripMs: 100 }, 30, 120_000)
    expect(meter.windowBytes).toBeGreaterThan(before / 1.5)
  })

  test('what was limited by having nothing to ask for says nothing about the link', () => {
    const meter = new LinkMeter()
    meter.roundTrip(100)
    fetchOver(meter, { bytesPerSecond: 10e6, roundTripMs: 100 }, 10)
    const before = meter.windowBytes
    for (let i = 0; i < 50; i++) {
      const mark = meter.mark(60_000 + 1000 * i)
      meter.arrived(1000, 60_100 + 1000 * i)
      meter.completed(mark, 60_100 + 1000 * i, true)
      meter.idle()
    }
    expect(meter.windowBytes).toBe(before)
  })

  test('more connections the more is in flight, up to the limit', () => {
    const meter = new LinkMeter()
    meter.roundTrip(10)
    fetchOver(meter, { bytesPerSecond: 1e6, roundTripMs: 10 }, 10)
    expect(meter.channels).toBe(1)
    const quick = new LinkMeter()
    quick.roundTrip(80)
    fetchOver(quick, { bytesPerSecond: 100e6, roundTripMs: 80 }, 10)
    expect(quick.channels).toBe(Math.min(channelsMax, Math.ceil(quick.windowBytes / channelBytes)))
    expect(quick.channels).toBeGreaterThan(3)
  })
})

describe('what is told', () => {
  test('goodput comes close to what the link carries', () => {
    fc.assert(
      fc.property(links, (link) => {
        const meter = new LinkMeter()
        meter.roundTrip(link.roundTripMs)
        fetchOver(meter, link, 60)
        expect(meter.bytesPerSecond / link.bytesPerSecond).toBeGreaterThan(0.8)
        expect(meter.bytesPerSecond / link.bytesPerSecond).toBeLessThan(1.3)
      }),
      { numRuns: 40 },
    )
  })

  test('nothing is known until something large enough came', () => {
    const meter = new LinkMeter()
    meter.arrived(1000, 0)
    meter.arrived(1000, 10)
    expect([meter.idle(), meter.bytesPerSecond, meter.roundTripMs]).toEqual([false, 0, 0])
    meter.arrived(1000, 100)
    meter.arrived(2 ** 20, 200)
    expect(meter.idle()).toBe(true)
    expect(meter.bytesPerSecond).toBeCloseTo((2 ** 20 * 1000) / 100)
  })

  test('of payloads that never fill the link: their own time, less the delay, until there is better', () => {
    fc.assert(
      fc.property(links, fc.integer({ min: 1_000, max: 500_000 }), (link, bytes) => {
        const meter = new LinkMeter()
        meter.roundTrip(link.roundTripMs)
        const takesMs = link.roundTripMs + (bytes / link.bytesPerSecond) * 1000
        for (let i = 0; i < 5; i++) {
          const mark = meter.mark(60_000 * i)
          meter.arrived(bytes, 60_000 * i + takesMs)
          meter.completed(mark, 60_000 * i + takesMs, true)
          expect(meter.idle()).toBe(true)
        }
        expect(meter.bytesPerSecond).toBeLessThan(link.bytesPerSecond * 1.001)
        // Whoever reckons with it expects such a payload about when it comes.
        const expectedMs = link.roundTripMs + (bytes / meter.bytesPerSecond) * 1000
        expect(expectedMs / takesMs).toBeGreaterThan(0.999)
        expect(expectedMs / takesMs).toBeLessThan(1.26)
        fetchOver(meter, link, 60, 600_000)
        expect(meter.bytesPerSecond / link.bytesPerSecond).toBeGreaterThan(0.8)
      }),
      { numRuns: 40 },
    )
  })

  test('one odd measurement moves the average by its weight times the clamp', () => {
    const meter = new LinkMeter()
    const transfer = (atMs: number, durationMs: number): void => {
      meter.arrived(1, atMs)
      meter.arrived(2 ** 21, atMs + durationMs)
      meter.idle()
    }
    transfer(0, 200)
    const before = meter.bytesPerSecond
    transfer(1000, 5)
    expect(meter.bytesPerSecond).toBeCloseTo(before * (1 + 0.2 * 2))
    for (let i = 0; i < 8; i++) meter.roundTrip(50)
    meter.roundTrip(5000)
    expect(meter.roundTripMs).toBe(50)
  })
})
