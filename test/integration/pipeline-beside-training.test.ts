// A pipeline of three real functions and a training job in one local cluster, with the real command line: both do what they are there for
// while the other one runs.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('pipeline-beside-training')

const region = 'onprem/lab'

function write(cluster: TestCluster, name: string, content: object): string {
  const path = join(cluster.folder, `${name}.yaml`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

async function deployFunction(cluster: TestCluster, name: string, factor: number): Promise<void> {
  const file = write(cluster, name, {
    name,
    folder: join(import.meta.dirname, 'inference'),
    handler: 'model:Scale',
    environment: { FACTOR: String(factor) },
    batch_max: 4,
    regions: [region],
    profile: [{ device_model: 'cpu', latency_ms: factor }],
  })
  const { code, stderr } = await cluster.cli(['function', 'deploy', file])
  expect(code, stderr).toBe(0)
}

/** Scaled by 2, then beside each other by 3 and by 5. */
const pipeline = {
  name: 'scales',
  slo: { latency_ms: 2000, percentile: 99 },
  stages: [
    { name: 'first', function: 'twice' },
    { name: 'left', function: 'thrice', after: 'first', inputs: { x: 'first.y' } },
    { name: 'right', function: 'fivefold', after: 'first', inputs: { x: 'first.y' } },
  ],
}

type Measured = {
  readonly region: string
  readonly answered: number
  readonly p99_ms: number
  readonly stages: readonly { readonly stage: string; readonly answered: number; readonly p99_ms: number }[]
}

async function measuredOf(cluster: TestCluster): Promise<Measured | undefined> {
  const { stdout } = await cluster.cli(['--json', 'pipeline', 'get', 'scales'])
  return (JSON.parse(stdout) as { measured: Measured[] }).measured[0]
}

type Answer = { outputs: { name: string; data: number[] }[] }

test.skipIf(python === '')(
  'a pipeline answers while a job trains, and the job ends',
  { timeout: 150_000 },
  async () => {
    await using cluster = await TestCluster.start({ regions: [region], cpuUnits: 4 })
    const jobId = await cluster.submit({
      name: 'beside',
      entrypoint: 'train.py',
      // Three minutes of pauses, so that it still trains on a busy machine; without them few steps are left to wait for.
      arguments: ['--pause-ms', '300', '--hurry', join(cluster.folder, 'hurry')],
      samples: { [region]: 320 },
      training: { epochs: 30, lease_samples: 64 },
      resources: { workers_max_per_region: 1 },
    })
    await Promise.all([
      deployFunction(cluster, 'twice', 2),
      deployFunction(cluster, 'thrice', 3),
      deployFunction(cluster, 'fivefold', 5),
    ])
    const file = write(cluster, 'pipeline', pipeline)
    const deployed = await cluster.cli(['--json', 'pipeline', 'deploy', file])
    expect(deployed.code, deployed.stderr).toBe(0)
    const found = JSON.parse(deployed.stdout) as { state: string; budgets: { stage: string; budget_ms: number }[] }
    expect(found.state).toBe('ready')
    // The longest way is 2 + 5 of its functions' milliseconds.
    const budgets = found.budgets.map(({ stage, budget_ms: ms }) => [stage, Math.round(ms)] as const)
    expect(Object.fromEntries(budgets)).toEqual({ first: 571, left: 1429, right: 1429 })

    const samplesDone = async (): Promise<number> => {
      const { job } = await cluster.services.jobs.getJob({ id: jobId })
      return job?.progress?.samplesDone ?? 0
    }
    while ((await samplesDone()) === 0) await clock.sleep(200)
    const before = await samplesDone()
    const asked = await cluster.cli(['--json', 'pipeline', 'invoke', 'scales', '--data', '{"x": [[1, 2]]}'])
    expect(asked.code, asked.stderr).toBe(0)
    const { outputs } = JSON.parse(asked.stdout) as Answer
    const byName = Object.fromEntries(outputs.map(({ name, data }) => [name, data]))
    expect(byName).toMatchObject({ 'left.y': [6, 12], 'right.y': [10, 20] })
    expect(byName['left.process']).not.toEqual(byName['right.process'])
    const load = ['--json', 'load', 'scales', '--rate', '10', '--for', '2s', '--data', '{"x": [[1, 2]]}']
    const loaded = await cluster.cli(load)
    expect(JSON.parse(loaded.stdout), loaded.stderr).toMatchObject({
      due: 20,
      answered: 20,
      target: { kind: 'pipeline' },
    })

    // What the gateway saw is told by the control plane, stage by stage.
    const endsAtMs = clock.monotonicMs() + 20_000
    let seen = await measuredOf(cluster)
    while (seen?.answered !== 21 && clock.monotonicMs() < endsAtMs) {
      await clock.sleep(200)
      seen = await measuredOf(cluster)
    }
    expect(seen).toMatchObject({ region, arrived: 21, answered: 21, failed: 0 })
    expect(seen!.stages.map(({ stage, answered }) => [stage, answered])).toEqual([
      ['first', 21],
      ['left', 21],
      ['right', 21],
    ])
    expect(seen!.stages.every(({ p99_ms: ms }) => ms > 0 && ms <= seen!.p99_ms * 1.05)).toBe(true)

    expect(await samplesDone()).toBeGreaterThan(before)
    expect((await cluster.services.jobs.getJob({ id: jobId })).job?.state).toBe('JOB_STATE_RUNNING')
    writeFileSync(join(cluster.folder, 'hurry'), '')
    const job = await cluster.ended(jobId)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    const events = await cluster.cli(['function', 'events', 'twice'])
    expect(events.stdout, events.stderr).toMatch(/wanted +f-\w+\/onprem\/lab\/0/)

    // A function that its pipeline needs is deleted: it says so, and is asked no more.
    expect((await cluster.cli(['function', 'rm', 'thrice'])).code).toBe(0)
    const after = await cluster.cli(['pipeline', 'get', 'scales'])
    expect(after.stdout).toContain('function thrice is missing')
    const refused = await cluster.cli(['pipeline', 'invoke', 'scales', '--data', '{"x": [[1, 2]]}'])
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('thrice') })
  },
)
