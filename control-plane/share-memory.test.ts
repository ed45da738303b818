// Shares that ask for more memory than any GPU has, as people ask for them.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { aCatalogue, aShard, aSpec } from './model/builders.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { encodeJobSpec } from './wire/job-spec.ts'

const gib = 2 ** 30
const prices = { a: { cpu: 1, t4: 2 }, b: { cpu: 1, h100: 9 } }
const catalogue = aCatalogue(prices, { cpu: 1, t4: 10, h100: 90 }, { t4: 16, h100: 80 })

let rig: Rig
beforeEach(() => {
  rig = startRig({ catalogue: () => catalogue })
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

function job(memoryBytes: number, deviceModels: readonly string[]) {
  const gpuShare = { requestMilli: 500, limitMilli: 750, memoryBytes }
  const spec = aSpec({ shards: [aShard('a', 100)], resources: { ...aSpec().resources, deviceModels, gpuShare } })
  return rig.jobs.createJob(overTheWire('CreateJobRequest', { spec: encodeJobSpec(spec), validateOnly: true }), aCall())
}

function deploy(memoryBytes: number, fields: object) {
  const spec = {
    name: 'classify',
    bundleDigest: 'ab'.repeat(32),
    handler: 'model:Classifier',
    instancesMin: 1,
    instancesMax: 2,
    batchMax: 8,
    gpuShare: { requestMilli: 500, memoryBytes },
    ...fields,
  }
  return rig.functions.deployFunction(overTheWire('DeployFunctionRequest', { spec, validateOnly: true }), aCall())
}

async function violationsOf(refused: Promise<unknown>): Promise<CloudlessError['violations']> {
  const error: unknown = await refused.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CloudlessError)) throw new Error(`no refusal but ${String(error)}`)
  return error.violations
}

const tooMuch =
  'is more than any t4 of catalogue test has: the largest is t4 with 14.67 GiB (of 16, until an agent tells what it has)'
const fix = 'ask for at most that, or allow h100 with 73.33 GiB (of 80, until an agent tells what it has)'

test('a job is refused when it is submitted, with field, value, largest GPU and fix', async () => {
  expect(await violationsOf(job(24 * gib, ['t4']))).toEqual([
    { field: 'spec.resources.gpu_share.memory_bytes', description: `${24 * gib} (24 GiB) ${tooMuch}; ${fix}` },
  ])
  const { job: taken } = await job(14 * gib, ['t4'])
  expect(taken).toMatchObject({ plan: { outcome: 'PLAN_OUTCOME_WAITING' } })
})

test('a job whose data may go to no region with such a GPU gets no plan', async () => {
  const { job: planned } = await job(24 * gib, [])
  // On CPUs it may train.
  expect(planned).toMatchObject({ plan: { outcome: 'PLAN_OUTCOME_WAITING' } })
  const { job: stuck } = await job(24 * gib, ['t4', 'h100'])
  expect(stuck!.plan).toMatchObject({
    outcome: 'PLAN_OUTCOME_IMPOSSIBLE',
    reasons: [{ region: 'a', rule: 'too-little-memory' }],
  })
})

test('a function is refused when it is deployed, in its regions too', async () => {
  expect(await violationsOf(deploy(24 * gib, { deviceModels: ['t4'] }))).toEqual([
    { field: 'spec.gpu_share.memory_bytes', description: `${24 * gib} (24 GiB) ${tooMuch}; ${fix}` },
  ])
  const [inRegion] = await violationsOf(deploy(24 * gib, { regions: ['a'] }))
  expect(inRegion!.description).toContain(
    'is more than any GPU of a has: the largest is t4 with 14.67 GiB (of 16, until an agent tells what it has)',
  )
  expect((await deploy(24 * gib, {})).isChanged).toBe(true)
})

test('what an agent has brought counts, however full it is', async () => {
  const device = { id: 'GPU-1', model: 't4', units: 1, memoryBytes: 24 * gib }
  const agent = new ScriptedAgent(rig, { devices: [{ ...device, sharing: 'DEVICE_SHARING_INTERPOSER' }] })
  await rig.clock.advance(100)
  expect((await deploy(24 * gib, { deviceModels: ['t4'] })).isChanged).toBe(true)
  expect((await job(24 * gib, ['t4'])).job).toMatchObject({ plan: { outcome: 'PLAN_OUTCOME_PLACED' } })
  expect(await violationsOf(job(25 * gib, ['t4']))).toHaveLength(1)
  agent.hangUp()
})
