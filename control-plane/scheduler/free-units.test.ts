import { expect, test } from 'vitest'
import { aCatalogue, aJob, anAgent, anInstance, aSnapshot } from '#control-plane/model/builders.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { countFreeUnits } from './free-units.ts'

const placed: Plan = {
  outcome: 'placed',
  policy: 'load-power',
  partitions: [
    {
      region: 'a',
      samples: 1,
      allocations: [{ deviceModel: 'cpu', units: 2, samplesPerSecondPerUnit: 1, usdPerUnitHour: 1 }],
      loadPower: 1,
    },
  ],
  reasons: [],
  forecast: null,
  forecastUseEverything: null,
  catalogVersion: 'test',
  catalogHash: 'hash-of-test',
  loadPower: 1,
  bottleneckRegion: 'a',
}

test('what a resumed job held before is free, and what its new plan takes is reserved', () => {
  const free = (plan: Plan | null): number | undefined => {
    const snapshot = aSnapshot({
      catalogue: aCatalogue({ a: { cpu: 1 } }),
      agents: [anAgent('a', { cpu: 3 })],
      jobs: [aJob({ plan, resumption: { number: 1, requestId: 'r', atMs: 1 } })],
      instances: [anInstance({ id: 'j-1/a/worker-0', region: 'a', state: 'stopped', isReleased: true })],
    })
    return countFreeUnits(snapshot).get('a')?.free.get('cpu')
  }
  expect([free(null), free(placed)]).toEqual([3, 1])
})
