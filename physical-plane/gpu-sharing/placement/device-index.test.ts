import { describe, expect, test } from 'vitest'
import { complementary } from './complementary.ts'
import { DeviceIndex } from './device-index.ts'
import { wholeShare } from './exclusive.ts'
import { aCluster, aDemand } from './placement.fixture.ts'

const { bounds } = complementary

describe('DeviceIndex', () => {
  test.each([
    ['requests', { requestMilli: 600, limitMilli: 600, memoryBytes: 1 }],
    ['limits', { requestMilli: 400, limitMilli: 1_000, memoryBytes: 1 }],
    ['memory', { requestMilli: 1, limitMilli: 1, memoryBytes: 31 }],
  ])('more %s than a device has can not be held', (_, share) => {
    const index = new DeviceIndex(aCluster(1, 1), bounds)
    index.hold(aDemand({ requestMilli: 500, limitMilli: 600, memoryBytes: 10 }), [
      { deviceId: 'n0-0', share: { requestMilli: 500, limitMilli: 600, memoryBytes: 10 } },
    ])
    expect(index.fits(0, share)).toBe(false)
    expect(() => index.hold(aDemand(share), [{ deviceId: 'n0-0', share }])).toThrow(/n0-0 is oversold/)
  })

  test('what lies beside shares is no room for those who come, and takes nothing from those who are there', () => {
    const index = new DeviceIndex(aCluster(1, 1), bounds)
    const demand = aDemand({ memoryBytes: 30 })
    index.hold(demand, [{ deviceId: 'n0-0', share: demand.share }])
    const share = { requestMilli: 100, limitMilli: 100, memoryBytes: 5 }
    index.setBeside(0, 5)
    expect([index.freeMemoryBytes(0), index.fits(0, share)]).toEqual([5, true])
    index.setBeside(0, 6)
    expect(index.fits(0, share)).toBe(false)
    expect(index.fits(0, { ...share, memoryBytes: 0 })).toBe(true)
    index.setBeside(0, 60)
    expect(index.freeMemoryBytes(0)).toBe(0)
    // It was there before.
    expect(index.mayHold(0, share)).toBe(true)
    index.setBeside(0, 0)
    expect(index.freeMemoryBytes(0)).toBe(10)
  })

  test('a whole device leaves room for no share, and a share none for a whole device', () => {
    const index = new DeviceIndex(aCluster(1, 1), bounds)
    const whole = wholeShare(40)
    const least = { requestMilli: 1, limitMilli: 1, memoryBytes: 0 }
    const demand = aDemand(whole)
    index.hold(demand, [{ deviceId: 'n0-0', share: whole }])
    expect(index.fits(0, least)).toBe(false)
    expect(index.release(demand.holder)).toBe(true)
    index.hold(aDemand(least), [{ deviceId: 'n0-0', share: least }])
    expect(index.fits(0, whole)).toBe(false)
  })

  test('a device that is not offered gives nothing more, and what is held of it can be given back', () => {
    const index = new DeviceIndex(aCluster(1, 2), bounds)
    const demand = aDemand()
    index.hold(demand, [{ deviceId: 'n0-0', share: demand.share }])
    index.offer('n0-0', false)
    expect([index.fits(0, demand.share), index.fits(1, demand.share)]).toEqual([false, true])
    index.release(demand.holder)
    expect(index.fits(0, demand.share)).toBe(false)
    index.offer('n0-0', true)
    expect(index.fits(0, demand.share)).toBe(true)
    index.offer('elsewhere', true)
  })

  test('a holder holds once, and nothing is given back twice', () => {
    const index = new DeviceIndex(aCluster(1, 2), bounds)
    const demand = aDemand()
    const placement = [{ deviceId: 'n0-1', share: demand.share }]
    index.hold(demand, placement)
    expect(() => index.hold(demand, placement)).toThrow(/holds devices already/)
    expect(index.placementOf(demand.holder)).toEqual(placement)
    expect([index.release(demand.holder), index.release(demand.holder)]).toEqual([true, false])
    expect(() => index.hold(aDemand(), [{ deviceId: 'n9-9', share: demand.share }])).toThrow(/device n9-9/)
    expect(() => index.hold(aDemand(), [])).toThrow(/is given nothing/)
  })

  test.each([
    [{ requestMilli: 0 }, /requests 0 thousandths/],
    [{ requestMilli: 500, limitMilli: 400 }, /has limit 400/],
    [{ memoryBytes: -1 }, /asks for -1 bytes/],
    [{ devices: 2 }, /2 devices for one inference/],
    [{ kind: 'training' as const, devices: 65 }, /asks for 65 devices/],
  ])('a demand of %j is our own mistake', (over, message) => {
    const index = new DeviceIndex(aCluster(1, 1), bounds)
    const demand = aDemand(over)
    expect(() => index.hold(demand, [{ deviceId: 'n0-0', share: demand.share }])).toThrow(message)
  })
})
