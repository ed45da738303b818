import { describe, expect, test } from 'vitest'
import type { PlanInput } from '#proto/generated/cloudless/v1/PlanInput.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aCatalogue, aJob, anAgent, aShard, aSnapshot, aSpec } from './model/builders.ts'
import { planOffline } from './plan-offline.ts'
import { plan, planInput } from './scheduler/plan.ts'
import { encodePlan } from './wire/job.ts'
import { encodePlanInput } from './wire/plan-input.ts'
import { overTheWire } from './rig.ts'

const catalogue = aCatalogue({ a: { cpu: 1 }, b: { cpu: 2 } })
const snapshot = aSnapshot({
  catalogue,
  agents: [anAgent('a', { cpu: 8 }), anAgent('b', { cpu: 8 })],
  modelSizes: new Map([[aSpec().function.bundleDigest, { updateBytes: 4e6, samplesPerStep: 32 }]]),
})
const job = aJob({ spec: aSpec({ shards: [aShard('a', 4000), aShard('b', 1000)], policy: 'least-cost' }) })
const input: PlanInput = encodePlanInput(planInput(snapshot, job))

function refusalOf(given: PlanInput, whatIfs: readonly string[] = []): string {
  try {
    planOffline(given, catalogue, whatIfs)
    return ''
  } catch (error) {
    if (error instanceof CloudlessError) return error.message
    throw error
  }
}

describe('planning without a control plane', () => {
  test('gives the plan that a control plane makes', () => {
    const made = overTheWire('Plan', encodePlan(plan(snapshot, job)))
    expect(planOffline(input, catalogue, []).plan).toEqual(made)
    const { plan: changed, without } = planOffline(input, catalogue, ['a gone'])
    expect(changed).toMatchObject({ outcome: 'PLAN_OUTCOME_WAITING' })
    expect(without).toEqual(made)
  })

  test('names the catalogue that it was made with, not the one of the input', () => {
    const other = { ...catalogue, version: 'later', hash: 'other' }
    expect(planOffline(input, other, []).plan).toMatchObject({ catalogVersion: 'later', catalogHash: 'other' })
  })

  test('refuses what can not be, by name and with the fix', () => {
    const [first, ...rest] = input.capacity!
    const typo = { ...first, region: 'aa', classes: [{ ...first!.classes![0]!, deviceModel: 'cpus' }] }
    const message = refusalOf({ ...input, capacity: [typo, ...rest] })
    expect(message).toContain('capacity[0].region: "aa" is no region of catalogue test; did you mean a')
    expect(message).toContain('capacity[0].classes[0].device_model: "cpus" is no device model')
    expect(refusalOf({})).toContain('spec: is missing')
    expect(refusalOf({ ...input, spec: { ...input.spec, shards: [] } })).toContain('spec.shards: is empty')
    expect(refusalOf(input, ['a prize x2'])).toContain('what_if[0]')
  })
})
