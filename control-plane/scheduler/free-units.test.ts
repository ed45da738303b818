import { expect, test } from 'vitest'
import { aCatalogue, aJob, anAgent, anInstance, aPlan, aSnapshot } from '#control-plane/model/builders.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { countFreeUnits } from './free-units.ts'

const placed = aPlan({ a: 2 })

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
