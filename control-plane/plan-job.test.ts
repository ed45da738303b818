// PlanJob over the real encoding, against a whole control plane on a virtual clock.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PlanJobRequest } from '#proto/generated/cloudless/v1/PlanJobRequest.ts'
import type { PlanJobResponse__Output } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import { messageOf } from '#runtime/errors.ts'
import { aShard, aSpec } from './model/builders.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { Checks } from './wire/checks.ts'
import { encodeJobSpec } from './wire/job-spec.ts'
import { decodePlanInput, encodePlanInput } from './wire/plan-input.ts'
import { planOn } from './scheduler/decide-again.ts'
import { encodePlan } from './wire/job.ts'

let rig: Rig
let agents: readonly ScriptedAgent[] = []
beforeEach(async () => {
  rig = startRig()
  const devices = [{ id: 'cpu-0', model: 'cpu', units: 4, memoryBytes: 4e9 }]
  agents = ['a', 'b'].map((region) => new ScriptedAgent(rig, { region, agentId: `agent-${region}`, devices }))
  await rig.clock.advance(50)
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

const spec = encodeJobSpec(aSpec({ shards: [aShard('a', 4000), aShard('b', 1000)] }))

async function ask(request: PlanJobRequest): Promise<PlanJobResponse__Output> {
  const answer = await rig.jobs.planJob(overTheWire('PlanJobRequest', request), aCall())
  return overTheWire('PlanJobResponse', answer)
}

async function refusalOf(request: PlanJobRequest): Promise<string> {
  return ask(request).then(() => '', messageOf)
}

describe('PlanJob', () => {
  test('answers with the plan, what it was decided on and what crosses the WAN; nothing is stored', async () => {
    expect(agents.map(({ error }) => error)).toEqual([null, null])
    const { plan, without, input, recorded } = await ask({ spec })
    expect(plan).toMatchObject({
      outcome: 'PLAN_OUTCOME_PLACED',
      bottleneckRegion: 'a',
      catalogHash: rig.catalogue.hash,
    })
    expect([without, recorded]).toEqual([null, null])
    expect(input).toMatchObject({
      catalogHash: rig.catalogue.hash,
      capacity: [
        { region: 'a', connected: true, classes: [{ deviceModel: 'cpu', unitsTotal: 4, unitsFree: 4 }] },
        { region: 'b' },
      ],
    })
    expect(rig.store.view().jobs).toEqual([])
  })

  test('the input is enough to make the same plan elsewhere', async () => {
    const { plan, input } = await ask({ spec })
    const checks = new Checks()
    const decoded = decodePlanInput(checks, input!)!
    expect(checks.violations).toEqual([])
    expect(overTheWire('Plan', encodePlan(planOn(decoded, rig.catalogue)))).toEqual(plan)
    expect(overTheWire('PlanInput', encodePlanInput(decoded))).toEqual(input)
  })

  test('what-ifs are applied to a copy: the plan without them comes along', async () => {
    const { plan, without } = await ask({ spec, whatIf: ['b cpu units =1', 'b price x3'] })
    expect(plan!.partitions[1]!.allocations).toMatchObject([{ units: 1, usdPerUnitHour: 21.6 }])
    expect(without!.partitions[1]!.allocations).toMatchObject([{ usdPerUnitHour: 7.2 }])
    expect([plan!.catalogVersion, plan!.catalogHash]).toEqual(['test+what-if', ''])
    expect((await ask({ spec })).plan).toEqual(without)
  })

  test('everything that is wrong is named, with its fix', async () => {
    expect(await refusalOf({})).toContain('give a spec to plan, or the id of a job')
    expect(await refusalOf({ spec, jobId: 'j-1' })).toContain('and not both')
    expect(await refusalOf({ jobId: 'j-none' })).toContain('job j-none does not exist')
    expect(await refusalOf({ spec: { ...spec, shards: [] } })).toContain('spec.shards: is empty')
    expect(await refusalOf({ spec, whatIf: ['b price x3', 'b prize x3'] })).toContain(
      'what_if[1]: at character 3: "prize"',
    )
    expect(await refusalOf({ spec, whatIf: ['policy =luck'] })).toContain('spec.policy: "luck" does not exist')
    expect(await refusalOf({ spec, whatIf: Array<string>(51).fill('b price x2') })).toContain('at most 50')
  })

  test('a figure in an input that can not be is refused', async () => {
    const { input } = await ask({ spec })
    const faultsOf = (change: object): readonly string[] => {
      const checks = new Checks()
      decodePlanInput(checks, { ...input!, ...change })
      return checks.violations.map(({ field }) => field)
    }
    const [first] = input!.capacity
    const [units] = first!.classes
    expect(faultsOf({ capacity: [first, first] })).toEqual(['capacity[1].region'])
    expect(faultsOf({ capacity: [{ ...first!, classes: [units, units] }] })).toEqual(['capacity[0].classes[1]'])
    expect(faultsOf({ capacity: [{ ...first!, classes: [{ ...units!, unitsFree: 5 }] }] })).toEqual([
      'capacity[0].classes[0].units_free',
    ])
    expect(faultsOf({ samplesPerSecond: { cpu: Number.NaN } })).toEqual(['samples_per_second.cpu'])
    expect(faultsOf({ modelSize: { updateBytes: -1, samplesPerStep: 0 } })).toEqual(['model_size.update_bytes'])
  })
})

describe('replaying', () => {
  async function aPlacedJob(): Promise<string> {
    const data = Buffer.from('a bundle')
    const digest = createHash('sha256').update(data).digest('hex')
    const messages = (async function* () {
      await Promise.resolve()
      yield overTheWire<never>('UploadBundleRequest', { digest, totalBytes: data.length, data })
    })()
    await rig.jobs.uploadBundle(messages, aCall())
    const request = {
      requestId: '00000000-0000-4000-8000-000000000001',
      spec: { ...spec, function: { ...spec.function, bundleDigest: digest } },
    }
    const { job } = await rig.jobs.createJob(overTheWire('CreateJobRequest', request), aCall())
    await rig.clock.advance(100)
    return job!.id!
  }

  test("a job's plan comes out the same again, whatever has changed since", async () => {
    const jobId = await aPlacedJob()
    await rig.clock.advance(60_000)
    const now = await ask({ jobId })
    const { plan, recorded, input } = await ask({ jobId, replay: true })
    expect(recorded).toMatchObject({ outcome: 'PLAN_OUTCOME_PLACED', version: 1 })
    expect(plan).toEqual(recorded)
    expect(input!.decidedAtMs).toBe(recorded!.plannedAtMs)
    expect(now.plan!.plannedAtMs).toBeGreaterThan(recorded!.plannedAtMs)
    const { plan: dearer, without } = await ask({ jobId, replay: true, version: 1, whatIf: ['a price x2'] })
    expect(without).toEqual(recorded)
    expect(dearer!.forecast!.totalUsd).toBeGreaterThan(without!.forecast!.totalUsd)
  })

  test('what is not kept is said, with what is', async () => {
    expect(await refusalOf({ jobId: 'j-none', replay: true })).toContain('job j-none does not exist')
    expect(await refusalOf({ spec, replay: true })).toContain('give its job_id')
    const jobId = await aPlacedJob()
    expect(await refusalOf({ jobId, version: 1 })).toContain('goes with replay')
    expect(await refusalOf({ jobId, replay: true, version: 7 })).toContain('has no plan 7 that is kept; plan 1 can be')
    const view = rig.store.view()
    const { plan } = view.jobs[0]!
    const replanned = { ...plan!, version: 2, cause: 'a price changed' }
    await rig.store.commit([{ kind: 'plan', jobId, plan: replanned, input: null }], view.revision)
    expect(await refusalOf({ jobId, replay: true, version: 2 })).toContain(`what plan 2 of job ${jobId} was decided on`)
    expect((await ask({ jobId, replay: true })).recorded).toMatchObject({ version: 1 })
  })

  test('a plan that replaced another one while the job ran comes out the same too', async () => {
    const jobId = await aPlacedJob()
    const view = rig.store.view()
    const [job] = view.jobs
    const input = (await rig.store.listPlans(jobId, 1, 0))[0]!.input!
    const { plan } = job!
    const { samples } = plan!.partitions[0]!
    const shards = plan!.partitions.map(({ place }) => ({ ...aShard(place, samples / 2), mayMoveTo: [] }))
    const speeds = Object.fromEntries(plan!.partitions.map(({ region }) => [region, measured(100)]))
    const slow = { ...speeds, b: measured(20) }
    const goingOn = {
      plan: plan!,
      way: 'weigh' as const,
      shards,
      share: 0.5,
      speeds: slow,
      mayGrow: true,
      paidUsd: 0,
      why: ['b is slow'],
    }
    const again = planOn({ ...input, goingOn }, rig.catalogue)
    expect(again).toMatchObject({ version: 2, cause: expect.stringMatching(/^b is slow; 50 % of the work is left/) })
    await rig.store.commit([{ kind: 'plan', jobId, plan: again, input: { ...input, goingOn } }], view.revision)
    const answer = await ask({ jobId, replay: true })
    expect(answer.recorded).toMatchObject({ version: 2 })
    expect(answer.plan).toEqual(answer.recorded)
    expect(answer.input).toMatchObject({ goingOn: true })
    expect(await refusalOf({ jobId, replay: true, whatIf: ['data a samples x2'] })).toContain(
      'for the work that was left',
    )
    const checks = new Checks()
    decodePlanInput(checks, answer.input!)
    expect(checks.violations).toMatchObject([{ field: 'going_on' }])
  })
})

function measured(perSecond: number): { compute: number; wall: number; observations: number } {
  return { compute: perSecond, wall: perSecond, observations: 10 }
}
