import { describe, expect, test } from 'vitest'
import { aCatalogue, aJob, anAgent, aShard, aSnapshot, aSpec, aSync } from '#control-plane/model/builders.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import { plan } from './plan.ts'
import { otherWaysIn, type OtherWay, type OtherWays } from './other-ways.ts'

const modelSizes = new Map([[aSpec().function.bundleDigest, { updateBytes: 4e6, samplesPerStep: 10 }]])
const snapshot = aSnapshot({
  catalogue: aCatalogue({ a: { cpu: 1 }, b: { cpu: 2 }, c: { cpu: 0.5 } }),
  agents: [anAgent('a', { cpu: 4 }), anAgent('b', { cpu: 4 }), anAgent('c', { cpu: 4 }, { isConnected: false })],
  modelSizes,
})
const shards = (mayMoveTo: readonly string[]) => [
  aShard('a', 20_000, { bytes: 5e9, mayMoveTo }),
  aShard('b', 10_000, { bytes: 2e9, mayMoveTo }),
]

function ways(spec: Partial<JobSpec>, of = snapshot) {
  const job = aJob({ spec: aSpec({ shards: shards([]), ...spec }) })
  return otherWaysIn(of)({ ...job, plan: plan(of, job) })!
}

function forecastOf(way: OtherWay): Extract<OtherWay, { kind: 'forecast' }> {
  if (way.kind === 'unknown') throw new Error(way.text)
  return way
}

describe('all data in one region', () => {
  test('is the cheapest one that may have all of it, its transfer counted', () => {
    const { singleRegion } = ways({ shards: shards(['*']) })
    // Moving 7 GB to c costs 0.70 USD and computing there half of what it costs in a.
    const way = forecastOf(singleRegion)
    expect(way).toMatchObject({ isAllowed: true, region: 'a' })
    expect(way.forecast.movementUsd).toBeCloseTo(0.2)
    expect(way.forecast.egressUsd).toBe(0)
    expect(way.forecast.seconds).toBeGreaterThan(way.forecast.movementSeconds)
    expect(way.text).toBe('all data in a, 2 GB moved there')
  })

  test('is told with its figures where the job file forbids it', () => {
    const way = forecastOf(ways({}).singleRegion)
    expect(way.isAllowed).toBe(false)
    expect(way.text).toMatch(/^not allowed: the data of b may not leave; all data in a, 2 GB moved there$/)
    const some = forecastOf(ways({ shards: [shards([])[0]!, shards(['a'])[1]!] }).singleRegion)
    expect(some).toMatchObject({ isAllowed: true, region: 'a' })
  })

  test('says where nobody knows how much there is to move', () => {
    const unsized = [aShard('a', 20_000), aShard('b', 10_000, { mayMoveTo: ['a'] })]
    expect(forecastOf(ways({ shards: unsized }).singleRegion).text).toBe(
      'all data in a, 1 shard of unknown size moved there',
    )
  })

  test('is what a job in one region does', () => {
    const { own, singleRegion } = ways({ shards: [aShard('a', 20_000)], policy: 'use-everything' })
    expect(forecastOf(singleRegion)).toMatchObject({
      forecast: own,
      isAllowed: true,
      text: 'all data in a, where all of it lies',
    })
  })
})

describe('asgd every step', () => {
  test('sends more and costs more than a long interval, on the same units', () => {
    const { own, everyStep } = ways({ sync: aSync({ strategy: 'asgd-ga', interval: 32 }) })
    const way = forecastOf(everyStep)
    expect(way.forecast.egressUsd).toBeGreaterThan(10 * own.egressUsd)
    expect(way.forecast.seconds).toBeGreaterThanOrEqual(own.seconds)
    expect(way.text).toBe('the same devices, 4 MB sent to every other region at every step')
  })

  test('is what a job that does it does', () => {
    const { own, everyStep } = ways({ sync: aSync({ strategy: 'asgd' }) })
    expect(forecastOf(everyStep).forecast).toEqual(own)
  })

  test('is not told of a model of which no size was measured', () => {
    expect(ways({}, { ...snapshot, modelSizes: new Map() }).everyStep).toMatchObject({ kind: 'unknown' })
  })
})

test('a job without a plan has no other ways', () => {
  expect(otherWaysIn(snapshot)(aJob())).toBeNull()
})

test('speeds that were measured since count for both sides', () => {
  const spec = aSpec({ shards: shards(['a']) })
  const job = aJob({ spec })
  const planned = { ...job, plan: plan(snapshot, job) }
  const slower = { ...snapshot, throughput: new Map([[`${spec.function.bundleDigest}/cpu`, 1]]) }
  const [before, after] = [otherWaysIn(snapshot)(planned)!, otherWaysIn(slower)(planned)!]
  expect(after.own.computeUsd).toBeGreaterThan(5 * before.own.computeUsd)
  const computeUsd = (of: OtherWays): number => forecastOf(of.singleRegion).forecast.computeUsd
  expect(computeUsd(after)).toBeGreaterThan(5 * computeUsd(before))
})
