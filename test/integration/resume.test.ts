// A job is cancelled in the middle of training and resumed: it goes on from its regions' checkpoints and ends as if nothing
// had happened, with one ledger for both of its lives.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partitionPrefix } from '#physical-plane/parameter-server/checkpoints/object-checkpoints.ts'
import { explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('resume')

const lab = 'onprem/lab'
const cloud = 'aws/us-east-1'
const samples: Readonly<Record<string, number>> = { [lab]: 320, [cloud]: 480 }
const epochs = 10
let cluster: TestCluster

describe.skipIf(python === '')('a job that was cancelled and resumed', () => {
  beforeAll(async () => {
    cluster = await TestCluster.start({ regions: [lab, cloud], cpuUnits: 1 })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test.each([
    ['asgd-ga', { strategy: 'asgd-ga', interval: 8 }],
    ['model-averaging', { strategy: 'model-averaging', interval: 8 }],
    ['diloco', { strategy: 'diloco', interval: 8 }],
    ['auto', { strategy: 'auto', interval_min: 4, interval_max: 16 }],
  ])('%s: it ends with every sample used, equal replicas and the bill of both lives', async (name, sync) => {
    const id = await cluster.submit({
      name: `resume-${name}`,
      entrypoint: 'train.py',
      arguments: ['--pause-ms', '25'],
      samples,
      sync,
      training: { epochs, lease_samples: 64 },
    })
    const before = await cluster.untilMidTraining(id)
    await command('cancel', id)
    expect((await cluster.ended(id)).state).toBe('JOB_STATE_CANCELLED')
    for (const region of [lab, cloud]) expect(manifests(id, region).length).toBeGreaterThan(0)
    expect(await command('resume', id, '--dry-run')).toContain('placed by policy use-everything')

    expect(await command('resume', id)).toBe(`${id} pending\n`)
    const job = await cluster.ended(id)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job).toMatchObject({ resumptions: 1, startedAtMs: before.startedAtMs })
    expect(job.progress).toMatchObject({ fraction: 1, samplesDone: 800 * epochs, samplesTotal: 800 * epochs })
    expect(new Set(job.progress!.partitions.map(({ modelHash }) => modelHash)).size).toBe(1)
    expect(job.progress!.rounds).toBeGreaterThanOrEqual(before.progress!.rounds)
    await expectEachRowUsed(id)
    await expectBothLivesPaid(id)
    const again = await cluster.cli(['resume', id])
    expect(again.code, again.stderr).toBe(5)
    expect(again.stderr).toContain('has succeeded')
  })
})

/** Its output; throws what it said when it failed. */
async function command(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.cli(args)
  expect(code, stderr).toBe(0)
  return stdout
}

function manifests(id: string, region: string): readonly string[] {
  return readdirSync(
    join(cluster.folder, region.replace('/', '-'), 'objects', partitionPrefix(id, region), 'manifests'),
  )
}

/** A row may be told of twice only where its first use was undone: in what the stop interrupted. */
async function expectEachRowUsed(id: string): Promise<void> {
  for (const region of [lab, cloud]) {
    const log = await cluster.shippedLog(id, `${id}/${region}/worker-0`, region)
    const lines = log.toString('utf8').split('\n')
    const told = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { readonly counted?: readonly number[]; readonly epoch?: number })
      .flatMap(({ counted, epoch }) => (counted ?? []).map((row) => `${epoch}/${row}`))
    const all = samples[region]! * epochs
    const batch = 16
    expect(new Set(told).size).toBeGreaterThanOrEqual(all - batch)
    expect(told.length - new Set(told).size, `rows of ${region} told of twice`).toBeLessThanOrEqual(batch)
  }
}

async function expectBothLivesPaid(id: string): Promise<void> {
  const entries = await cluster.ledger(id)
  expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length)
  for (const region of [lab, cloud]) {
    const compute = entries.filter((entry) => entry.kind === 'USAGE_KIND_DEVICE_SECONDS' && entry.region === region)
    // An id ends with instance, attempt and number of the window.
    const attempts = new Set(compute.map((entry) => entry.id.split('/').at(-2)))
    expect(attempts).toEqual(new Set(['1', '2']))
  }
}
