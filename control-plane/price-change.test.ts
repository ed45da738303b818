// Another catalogue comes into force while jobs are planned: the next decision is made with it, and names it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Plan } from '#proto/generated/cloudless/v1/Plan.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { aCatalogue, aShard, aSpec } from './model/builders.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { encodeJobSpec } from './wire/job-spec.ts'

let rig: Rig
let inForce: Catalogue

beforeEach(() => {
  inForce = aCatalogue({ a: { cpu: 1 }, b: { cpu: 2 } })
  rig = startRig({ catalogue: () => inForce })
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

async function plan(): Promise<Plan> {
  const spec = encodeJobSpec(aSpec({ shards: [aShard('a', 1_000)], holdout: null }))
  const request = { requestId: '', spec, validateOnly: true }
  const { job } = await rig.jobs.createJob(overTheWire('CreateJobRequest', request), aCall())
  return job!.plan!
}

test('a price that changed is in the next plan', async () => {
  const agent = new ScriptedAgent(rig)
  await rig.clock.advance(1_000)
  const before = await plan()
  expect(before).toMatchObject({ outcome: 'PLAN_OUTCOME_PLACED', catalogHash: inForce.hash })
  inForce = aCatalogue({ a: { cpu: 10 }, b: { cpu: 2 } })
  const after = await plan()
  expect(after.catalogHash).toBe(inForce.hash)
  expect(Number(after.forecast!.computeUsd) / Number(before.forecast!.computeUsd)).toBeCloseTo(10, 6)
  const { regions } = await rig.regions.listRegions(overTheWire('ListRegionsRequest', {}), aCall())
  expect(regions![0]!.offers![0]).toMatchObject({ usdPerUnitHour: 10 })
  expect(agent.error).toBeNull()
})
