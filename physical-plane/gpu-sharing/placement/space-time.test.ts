import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { complementary } from './complementary.ts'
import type { Share } from './demand.ts'
import { DeviceIndex } from './device-index.ts'
import { aCluster, aDemand } from './placement.fixture.ts'

const share = (smMilli: number, requestMilli: number, limitMilli = requestMilli): Share => ({
  smMilli,
  requestMilli,
  limitMilli,
  memoryBytes: 1,
})

function give(index: DeviceIndex, of: Share): string | null {
  const demand = { ...aDemand(), share: of }
  const placement = complementary.place(index, demand)
  if (placement !== null) index.hold(demand, placement)
  return placement?.[0]?.deviceId ?? null
}

test("FaST-GShare's eight are put on one device", () => {
  const index = new DeviceIndex(aCluster(1, 8), complementary.bounds)
  const sizes = [
    [120, 4, 400],
    [240, 2, 400],
    [500, 2, 600],
  ] as const
  for (const [sm, count, request] of sizes)
    for (let at = 0; at < count; at += 1) expect(give(index, share(sm, request))).toBe('n0-0')
  expect([index.requestMilli(0), index.activeCount]).toEqual([984, 1])
  expect(index.fits(0, share(40, 400))).toBe(true)
  expect(index.fits(0, share(41, 400))).toBe(false)
})

test('what does not go side by side is refused although the sums would allow it', () => {
  const index = new DeviceIndex(aCluster(1, 1), complementary.bounds)
  give(index, share(600, 600))
  expect(index.requestMilli(0)).toBe(360)
  expect(index.fits(0, share(600, 600))).toBe(false)
  expect(index.fits(0, share(400, 1_000))).toBe(true)
  // All multiprocessors for what the other leaves of the time.
  expect(index.fits(0, share(0, 400))).toBe(true)
  expect(index.fits(0, share(0, 401))).toBe(false)
})

test('limits sum up as parts of the device', () => {
  const index = new DeviceIndex(aCluster(1, 1), complementary.bounds)
  give(index, share(500, 100, 1_000))
  give(index, share(500, 100, 1_000))
  expect(index.limitMilli(0)).toBe(1_000)
  expect(index.fits(0, share(500, 100, 1_000))).toBe(true)
  expect(index.fits(0, share(510, 100, 1_000))).toBe(false)
})

test('what was held together is held again in any order', () => {
  const sizes = [share(500, 400), share(300, 600), share(500, 400), share(600, 300)]
  fc.assert(
    fc.property(fc.shuffledSubarray(sizes, { minLength: 4 }), (order) => {
      const index = new DeviceIndex(aCluster(1, 1), complementary.bounds)
      for (const one of order) {
        const demand = { ...aDemand(), share: one }
        index.hold(demand, [{ deviceId: 'n0-0', share: one }])
      }
      expect(index.requestMilli(0)).toBe(760)
      expect(index.fits(0, share(400, 1_000))).toBe(false)
    }),
    { numRuns: 24 },
  )
})

test('what runs is held again in whatever order it is found, and nothing of it is lost', () => {
  const one = fc.record({
    smMilli: fc.constantFrom(0, 60, 120, 240, 500, 600),
    requestMilli: fc.integer({ min: 1, max: 10 }).map((n) => n * 100),
    leaves: fc.nat(3),
    rank: fc.nat(1_000),
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 25 }), (given) => {
      const index = new DeviceIndex(aCluster(1, 2), complementary.bounds)
      const running: { readonly holder: string; readonly deviceId: string; readonly share: Share; rank: number }[] = []
      for (const { smMilli, requestMilli, leaves, rank } of given) {
        const demand = { ...aDemand(), share: share(smMilli, requestMilli) }
        const placement = complementary.place(index, demand)
        if (placement !== null) {
          index.hold(demand, placement)
          running.push({ holder: demand.holder, ...placement[0]!, rank })
        }
        if (leaves === 0 && running.length > 0) index.release(running.shift()!.holder)
      }
      const again = new DeviceIndex(aCluster(1, 2), complementary.bounds)
      for (const { holder, deviceId, share: its } of running.toSorted((a, b) => a.rank - b.rank)) {
        const demand = { ...aDemand(), holder, share: its }
        again.hold(demand, [{ deviceId, share: its }])
      }
      for (const device of [0, 1])
        expect([again.requestMilli(device), again.limitMilli(device)]).toEqual([
          index.requestMilli(device),
          index.limitMilli(device),
        ])
      for (const { holder } of running) expect(again.release(holder)).toBe(true)
      expect(again.activeCount).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('more multiprocessors than a device has are our own mistake', () => {
  const index = new DeviceIndex(aCluster(1, 1), complementary.bounds)
  const demand = { ...aDemand(), share: share(1_001, 100) }
  expect(() => index.hold(demand, [{ deviceId: 'n0-0', share: demand.share }])).toThrow(/1001 thousandths of the multi/)
})

test('whatever is placed can run side by side, and all is given back', () => {
  const shares = fc.record({
    smMilli: fc.constantFrom(0, 120, 240, 500, 600),
    requestMilli: fc.integer({ min: 1, max: 10 }).map((n) => n * 100),
  })
  fc.assert(
    fc.property(fc.array(shares, { maxLength: 20 }), (given) => {
      const index = new DeviceIndex(aCluster(1, 2), complementary.bounds)
      const held: { readonly holder: string; readonly deviceId: string; readonly share: Share }[] = []
      for (const { smMilli, requestMilli } of given) {
        const demand = { ...aDemand(), share: share(smMilli, requestMilli) }
        const placement = complementary.place(index, demand)
        if (placement === null) continue
        index.hold(demand, placement)
        held.push({ holder: demand.holder, ...placement[0]! })
      }
      for (const id of ['n0-0', 'n0-1']) {
        const here = held.filter(({ deviceId }) => deviceId === id)
        const area = here.reduce((sum, one) => sum + one.share.requestMilli * (one.share.smMilli || 1_000), 0)
        expect(area).toBeLessThanOrEqual(1_000_000)
        // No two that are too high to stand on each other, nor too wide to stand beside each other.
        for (const one of here)
          for (const other of here)
            expect(
              one === other ||
                (one.share.smMilli || 1_000) + (other.share.smMilli || 1_000) <= 1_000 ||
                one.share.requestMilli + other.share.requestMilli <= 1_000,
            ).toBe(true)
      }
      for (const { holder } of held) index.release(holder)
      expect([index.activeCount, index.requestMilli(0), index.limitMilli(1)]).toEqual([0, 0, 0])
      expect(index.fits(0, share(0, 1_000))).toBe(true)
    }),
    { numRuns: 60 },
  )
})
