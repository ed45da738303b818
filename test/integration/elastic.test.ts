// Plans of running jobs that are replaced, with real processes: units that another job gives back, and a partition that
// moves to a cheaper region when the forecast passes the budget. Training goes on from what there is, every sample counts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEvents, allPlans } from '#cli/history.ts'
import { explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('elastic')

const [cloud, lab, far] = ['aws/us-east-1', 'onprem/lab', 'tencent/ap-shanghai'] as const
const { signal } = new AbortController()
let cluster: TestCluster

describe.skipIf(python === '')('a plan that is replaced while its job runs', () => {
  beforeAll(async () => {
    const linkShape = { mbitPerSecond: 100, roundTripMs: 20 }
    cluster = await TestCluster.start({ regions: [cloud, lab, far], cpuUnits: 2, linkShape })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('takes the units that another job gives back, as long as they are there', async () => {
    const samples = { [cloud]: 960, [far]: 960 }
    const epochs = 60
    const slow = (hurry: string, policy: string, workersMax: number) => ({
      entrypoint: 'train.py',
      arguments: ['--pause-ms', '200', '--hurry', hurry],
      samples,
      sync: { strategy: 'asgd-ga', interval: 8 },
      training: { epochs, lease_samples: 64 },
      resources: { workers_max_per_region: workersMax, samples_per_second: { cpu: 80 } },
      name: policy,
    })
    const [hurryFirst, hurrySecond] = [join(cluster.folder, 'hurry-first'), join(cluster.folder, 'hurry-second')]
    const first = await cluster.submit(slow(hurryFirst, 'use-everything', 1))
    await cluster.until(first, ({ state }) => state === 'JOB_STATE_RUNNING')
    const second = await cluster.submit(slow(hurrySecond, 'least-cost', 2), (file) => {
      Object.assign(file, { policy: 'least-cost', objective: { kind: 'least-time' } })
    })
    await cluster.until(second, ({ progress }) => (progress?.partitions ?? []).length === 2)
    writeFileSync(hurryFirst, '')
    expect((await cluster.ended(first)).state).toBe('JOB_STATE_SUCCEEDED')
    await cluster.until(second, ({ plan }) => (plan?.version ?? 0) > 1)
    await cluster.until(second, ({ progress }) => (progress?.partitions ?? []).every(({ workers }) => workers === 2))
    writeFileSync(hurrySecond, '')
    const job = await cluster.ended(second)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job.progress).toMatchObject({ samplesDone: 1920 * epochs, samplesTotal: 1920 * epochs })
    expect(new Set(job.progress!.partitions.map(({ modelHash }) => modelHash)).size).toBe(1)
    const plans = await allPlans(cluster.services.jobs, second, signal)
    expect(plans.map(({ partitions }) => partitions.map(({ allocations }) => allocations[0]!.units))).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(plans[1]!.cause).toMatch(/came free in .* another number of units takes/)
    const { stdout } = await cluster.cli(['plan', '--job', second, '--history'])
    expect(stdout).toContain(plans[1]!.cause)
  })

  test('moves a partition to a cheaper region, with its data and what it has learnt, when the budget would be passed', async () => {
    const samples = { [cloud]: 480, [far]: 320 }
    const epochs = 100
    const hurry = join(cluster.folder, 'hurry-budget')
    const id = await cluster.submit(
      {
        name: 'budget',
        entrypoint: 'train.py',
        arguments: ['--pause-ms', '200', '--hurry', hurry],
        samples,
        sync: { strategy: 'asgd-ga', interval: 8 },
        training: { epochs, lease_samples: 64 },
        resources: { workers_max_per_region: 1 },
      },
      (file) => {
        const { shards } = file['data'] as { shards: { region: string }[] }
        const bytes = samples[cloud] * 36
        Object.assign(
          shards.find(({ region }) => region === cloud)!,
          { bytes, may_move_to: [lab] },
        )
        // Which moves nothing by itself.
        file['policy'] = 'proportional'
        file['budget'] = { usd: 0.005, actions: ['warn', 'move'] }
      },
    )
    await cluster.until(id, ({ plan }) => (plan?.version ?? 0) > 1)
    const before = await cluster.until(id, ({ plan }) => plan!.partitions.some(({ place }) => place === lab))
    const doneBefore = before.progress!.partitions.find(({ region }) => region === cloud)!.samplesDone
    await cluster.until(id, ({ progress }) => {
      const moved = progress?.partitions.find(({ region }) => region === cloud)
      return moved?.phase === 'PARTITION_PHASE_TRAINING' && moved.workers === 1 && moved.samplesDone > doneBefore + 64
    })
    writeFileSync(hurry, '')
    const job = await cluster.ended(id)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job.progress).toMatchObject({ samplesDone: 800 * epochs, samplesTotal: 800 * epochs })
    expect(new Set(job.progress!.partitions.map(({ modelHash }) => modelHash)).size).toBe(1)
    const plans = await allPlans(cluster.services.jobs, id, signal)
    expect(plans.map(({ partitions }) => partitions.map(({ place }) => place))).toEqual([
      [cloud, far],
      [lab, far],
    ])
    expect(plans[1]!.cause).toMatch(/^the forecast is .* the budget \$0\.005; .* moving a partition takes/)
    const events = await allEvents(cluster.services.jobs, id, signal)
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['budget', 'replanned']))
    const rows = [...(await rowsTold(id, cloud, cloud)), ...(await rowsTold(id, `${cloud}@${lab}.1`, lab))]
    expect(new Set(rows).size).toBe(samples[cloud] * epochs)
    // Told twice is only what the move interrupted.
    expect(rows.length - new Set(rows).size).toBeLessThanOrEqual(2 * 64)
    const entries = await cluster.ledger(id)
    const paidIn = entries.filter(({ kind }) => kind === 'USAGE_KIND_DEVICE_SECONDS').map(({ region }) => region)
    expect(new Set(paidIn)).toEqual(new Set([cloud, lab, far]))
  })
})

async function rowsTold(id: string, partition: string, region: string): Promise<readonly string[]> {
  const log = (await cluster.shippedLog(id, `${id}/${partition}/worker-0`, region)).toString('utf8')
  return log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly counted?: readonly number[]; readonly epoch?: number })
    .flatMap(({ counted, epoch }) => (counted ?? []).map((row) => `${epoch}/${row}`))
}
