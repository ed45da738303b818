import { describe, expect, test } from 'vitest'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'
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

test('no two different plans of a job share a version, and rounds that are past hold their results only', async () => {
  const cluster = await Cluster.open({
    regions: ['a', 'b', 'c'].map((name) => ({ name, samples: 80 })),
    sync: sync('diloco', { interval: 5, codec: 'fp32', graceMinMs: 50, graceMaxMs: 1000 }),
    layout: aLayout(20),
    initial: Array.from({ length: 20 }, (_, i) => i),
    gradientOf: wholeGradients,
    learningRate: 2 ** -7,
  })
  const plans = new Map<number, Set<string>>()
  const note = (): void => {
    for (const { partition } of cluster.nodes.values()) {
      for (const { plan } of partition.exchange.status.recent) {
        plans.set(plan.version, (plans.get(plan.version) ?? new Set()).add(JSON.stringify(plan)))
      }
    }
  }
  while (![...cluster.nodes.values()].every(({ partition }) => partition.isReleased)) {
    await cluster.clock.advance(20)
    note()
  }
  expect([...plans.values()].every((said) => said.size === 1)).toBe(true)
  expect(plans.size).toBeGreaterThan(1)
  for (const { partition } of cluster.nodes.values()) {
    const { recent } = partition.exchange.status
    const results = new Map(recent.flatMap(({ result }) => (result === null ? [] : [[result.sha256, result.bytes]])))
    expect(results.size).toBeGreaterThan(1)
    // The first parameters are kept for those who come late.
    const kept = [...results.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(partition.exchange.shelf.bytes).toBeLessThanOrEqual(kept + 4 * 20)
  }
})
