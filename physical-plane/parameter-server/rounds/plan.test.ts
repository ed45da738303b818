import { describe, expect, test } from 'vitest'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'
import type { Partition } from '../partition.ts'
import { recentRoundsMax } from './config.ts'
import { finalPlan } from './plan.ts'
import { aPlan } from './proposal.fixture.ts'

describe('the plan of the last round', () => {
  test('has a version of its own, whether it follows another one or comes with changes', () => {
    const previous = aPlan({ version: 3 })
    expect(finalPlan(previous, previous)).toEqual({ ...previous, version: 4, isFinalNext: true })
    const changed = aPlan({ version: 4, codec: 'int8' })
    expect(finalPlan(changed, previous)).toEqual({ ...changed, isFinalNext: true })
  })

  test('stays as it is once it was announced', () => {
    const announced = aPlan({ version: 4, isFinalNext: true })
    expect(finalPlan(announced, announced)).toBe(announced)
  })
})

test('no two different plans of a job share a version, and of rounds that are past only results are held', async () => {
  const cluster = await Cluster.open({
    regions: ['a', 'b', 'c'].map((name) => ({ name, samples: 80 })),
    sync: sync('diloco', { interval: 5, codec: 'fp32', graceMinMs: 50, graceMaxMs: 1000 }),
    layout: aLayout(20),
    initial: Array.from({ length: 20 }, (_, i) => i),
    gradientOf: wholeGradients,
    learningRate: 2 ** -7,
  })
  const plans = new Map<number, Set<string>>()
  let resultsMax = 0
  const look = ({ status, shelf }: Partition['exchange']): void => {
    for (const { plan } of status.recent) {
      plans.set(plan.version, (plans.get(plan.version) ?? new Set()).add(JSON.stringify(plan)))
    }
    const results = new Set(status.recent.flatMap(({ result }) => result?.sha256 ?? []))
    // The first parameters stay for those who come late; to the open round belong three contributions and a result.
    expect(shelf.bytes).toBeLessThanOrEqual(4 * 20 * (results.size + 1 + 4))
    resultsMax = Math.max(resultsMax, results.size)
  }
  while (![...cluster.nodes.values()].every(({ partition }) => partition.isReleased)) {
    await cluster.clock.advance(5)
    for (const { partition } of cluster.nodes.values()) look(partition.exchange)
  }
  expect([...plans.values()].every((said) => said.size === 1)).toBe(true)
  expect([plans.size > 1, resultsMax]).toEqual([true, recentRoundsMax])
})
