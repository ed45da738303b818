import { describe, expect, test } from 'vitest'
import { exchangeTime } from './exchange-time.ts'
import { aLink, links } from './links.fixture.ts'

describe('the time of an exchange', () => {
  const bytes = 12_500_000

  test('two regions swap at once: the slower way decides', () => {
    const topology = { regions: ['a', 'b'], hub: 'a', links: [aLink('a', 'b', 100, 30), aLink('b', 'a', 50, 30)] }
    expect(exchangeTime(topology, bytes)?.seconds).toBeCloseTo(0.03 + 2, 12)
    expect(exchangeTime(topology, bytes)?.slowest).toMatchObject({ from: 'b', to: 'a' })
  })

  test('three meet at the hub: in at once, out through one uplink', () => {
    const regions = ['a', 'b', 'c']
    const topology = { regions, hub: 'b', links: links(regions, 100, 30) }
    expect(exchangeTime(topology, bytes)?.seconds).toBeCloseTo(0.03 + 1 + 0.03 + 2, 12)
  })

  test('a slow spoke takes as long as its own link does', () => {
    const regions = ['a', 'b', 'c']
    const topology = {
      regions,
      hub: 'a',
      links: [aLink('a', 'b', 100, 30), aLink('a', 'c', 10, 30), aLink('b', 'a', 100, 30), aLink('c', 'a', 100, 30)],
    }
    expect(exchangeTime(topology, bytes)?.seconds).toBeCloseTo(0.03 + 1 + 0.03 + 10, 12)
  })

  test('without a hub the slowest one is expected', () => {
    const regions = ['a', 'b', 'c']
    const bad = [...links(['a', 'b'], 100, 30), ...links(['a', 'c'], 100, 30), ...links(['b', 'c'], 10, 30)]
    const times = regions.map((hub) => exchangeTime({ regions, hub, links: bad }, bytes)!.seconds)
    expect(exchangeTime({ regions, hub: null, links: bad }, bytes)?.seconds).toBe(Math.max(...times))
  })

  test('nothing is known before a link was measured, and nothing takes long alone', () => {
    expect(exchangeTime({ regions: ['a', 'b'], hub: 'a', links: [] }, bytes)).toBeNull()
    expect(exchangeTime({ regions: ['a', 'b', 'c'], hub: 'a', links: [] }, bytes)).toBeNull()
    expect(exchangeTime({ regions: ['a'], hub: 'a', links: [] }, bytes)).toEqual({ seconds: 0, slowest: null })
  })
})
