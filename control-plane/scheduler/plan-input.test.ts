import { describe, expect, test } from 'vitest'
import { aCatalogue, aJob, anAgent, aPrice, aShard, aSnapshot, aSpec, aSync } from '#control-plane/model/builders.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import { linkKey, throughputKey, type Snapshot } from '#control-plane/model/snapshot.ts'
import { seededRandom } from '#runtime/random.ts'
import { plan, planInput, planPending } from './plan.ts'
import { planOn } from './decide-again.ts'
import { linkUsesOf } from './link-uses.ts'

const names = ['a', 'b', 'c', 'd', 'e']
const digest = aSpec().function.bundleDigest

/** A cluster with jobs that run, wait and are planned, some of whose regions are lost or have nothing. */
function aWorld(seed: number): { readonly snapshot: Snapshot; readonly job: Job } {
  const random = seededRandom(seed)
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!
  const base = aCatalogue(
    Object.fromEntries(names.map((name) => [name, { cpu: pick([1, 2, 3]), t4: pick([10, 20]) }])),
    { cpu: 1, t4: 20 },
  )
  const catalogue = {
    ...base,
    regions: base.regions.map((region) => ({
      ...region,
      prices: [...region.prices, aPrice('t4', pick([4, 8]), { market: 'spot', lossesPerHour: 0.1 })],
    })),
  }
  const agents = names
    .filter(() => random.next() < 0.8)
    .map((name) => {
      const agent = anAgent(
        name,
        { cpu: random.integer(9), t4: random.integer(3) },
        { isConnected: random.next() < 0.9 },
      )
      const spot = { ...agent.devices[1]!, id: 't4-spot', market: 'spot' as const, units: random.integer(4) }
      return { ...agent, devices: [...agent.devices, spot] }
    })
  const specOf = (): Job['spec'] => {
    const moves = random.next() < 0.4
    const regions = names.filter(() => random.next() < 0.5)
    const shards = (regions.length === 0 ? ['a'] : regions).map((name) => {
      return aShard(name, 100 * (1 + random.integer(20)), moves ? { bytes: 1e8, mayMoveTo: ['*'] } : {})
    })
    return aSpec({
      shards,
      sync: aSync({ strategy: pick(['asgd-ga', 'diloco', 'auto']) }, shards.length),
      policy: pick(['least-cost', 'load-power', 'use-everything', 'cheapest-gpu']),
      resources: { ...aSpec().resources, markets: random.next() < 0.5 ? ['on-demand'] : ['on-demand', 'spot'] },
    })
  }
  const waiting = Array.from({ length: random.integer(4) }, (_, i) =>
    aJob({ id: `j-${i}`, spec: specOf(), createdAtMs: i }),
  )
  const measuredLinks = new Map([[linkKey('a', 'b'), { mbitPerSecond: 7, roundTripMs: 99, atMs: 1 }]])
  const snapshot = aSnapshot({
    catalogue,
    agents,
    jobs: waiting,
    throughput: new Map(random.next() < 0.5 ? [[throughputKey(digest, 't4'), 900]] : []),
    modelSizes: new Map(random.next() < 0.7 ? [[digest, { updateBytes: 4e6, samplesPerStep: 32 }]] : []),
    ...(random.next() < 0.5 ? { measuredLinks } : {}),
  })
  return { snapshot, job: aJob({ id: 'j-new', spec: specOf(), createdAtMs: 100 }) }
}

const seeds = Array.from({ length: 300 }, (_, i) => i + 1)

describe('the input of a plan', () => {
  test('gives the same plan as what it was taken from, also after it was stored', () => {
    const outcomes = new Set<string>()
    for (const seed of seeds) {
      const { snapshot, job } = aWorld(seed)
      const made = plan(snapshot, job)
      const input = planInput(snapshot, job)
      const stored = JSON.parse(JSON.stringify(input)) as PlanInput
      expect(planOn(stored, snapshot.catalogue), `seed ${seed}`).toEqual(made)
      outcomes.add(made.outcome)
    }
    expect(outcomes.size).toBeGreaterThan(1)
  })

  test('is kept with every plan that is placed, and gives that plan', () => {
    const updates = seeds.flatMap((seed) => {
      const { snapshot, job } = aWorld(seed)
      const { jobs } = planPending({ ...snapshot, jobs: [...snapshot.jobs, job] })
      return jobs.map(({ change, planInput: input }) => ({ made: change.plan!, input, catalogue: snapshot.catalogue }))
    })
    const placed = updates.filter(({ made }) => made.outcome === 'placed')
    for (const { made, input, catalogue } of placed) expect(planOn(input!, catalogue)).toEqual(made)
    expect(updates.filter(({ made, input }) => made.outcome !== 'placed' && input !== undefined)).toEqual([])
    expect(placed.length).toBeGreaterThan(100)
  })

  test('is small where the data stays: only its own regions have units', () => {
    const spec = aSpec({ shards: [aShard('a', 10)] })
    const agents = names.map((name) => anAgent(name, { cpu: 4 }))
    const snapshot = aSnapshot({ ...aWorld(1).snapshot, agents, jobs: [aJob({ spec })] })
    const [update] = planPending(snapshot).jobs
    const sizes = update!.planInput!.capacity.map(({ region, classes }) => [region, classes.length])
    expect(Object.fromEntries(sizes)).toEqual({ a: 1, b: 0, c: 0, d: 0, e: 0 })
  })
})

describe('what crosses the WAN with a plan', () => {
  test('sums up to its forecast', () => {
    let checked = 0
    for (const seed of seeds) {
      const { snapshot, job } = aWorld(seed)
      const input = planInput(snapshot, job)
      const made = planOn(input, snapshot.catalogue)
      if (made.forecast === null) continue
      const uses = linkUsesOf(made, input, snapshot.catalogue)
      const sum = (purpose: string): number =>
        uses.filter((use) => use.purpose === purpose).reduce((total, { usd }) => total + usd, 0)
      expect(sum('sync')).toBeCloseTo(made.forecast.egressUsd, 9)
      expect(sum('data')).toBeCloseTo(made.forecast.movementUsd, 9)
      const bytes = uses.reduce((total, use) => total + use.bytes, 0)
      expect(Math.abs(bytes - made.forecast.wanBytes)).toBeLessThanOrEqual(uses.length)
      checked += uses.length
    }
    expect(checked).toBeGreaterThan(100)
  })
})
