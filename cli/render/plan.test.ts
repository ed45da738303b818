import { expect, test } from 'vitest'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import pc from 'picocolors'
import { renderPlan } from './plan.ts'

function aPlan(wanBytes: number): Plan__Output {
  const plan = messageDefinition<object, Plan__Output>('cloudless.v1.Plan')
  const forecast = { seconds: 60, computeUsd: 0.5, egressUsd: wanBytes / 1e9, totalUsd: 1, wanBytes }
  const partitions = ['aws/us-east-1', 'onprem/lab'].map((region) => ({ region, allocations: [], samples: 10 }))
  return plan.deserialize(
    plan.serialize({ outcome: 'PLAN_OUTCOME_PLACED', policy: 'load-power', partitions, forecast }),
  )
}

test('before the first run of a function its traffic is said to be unknown, not zero', () => {
  const text = renderPlan(aPlan(0), pc.createColors(false))
  expect(text).toMatch(/this plan .*unknown +unknown/)
  expect(text).toContain('known after the first run')
  expect(renderPlan(aPlan(2e9), pc.createColors(false))).toMatch(/this plan .*2\.00 GB/)
})
