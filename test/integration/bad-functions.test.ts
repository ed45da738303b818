// Training functions that go wrong, through the whole path: each job ends as failed with a reason that names the instance,
// what happened and the last lines of its log; the command says 1; and nothing of it stays. All share one region.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readClusterState } from '#cli/local-cluster/state-file.ts'
import { present } from '#runtime/assert.ts'
import { seededRandom } from '#runtime/random.ts'
import { explainSkip, python, TestCluster, type JobOptions } from './cluster.fixture.ts'

explainSkip('bad-functions')

const lab = 'onprem/lab'
const cpuUnits = 6
let cluster: TestCluster

type Case = {
  readonly name: string
  readonly entrypoint?: string
  readonly training?: Readonly<Record<string, unknown>>
  readonly declared?: number
  readonly hasHoldout?: true
  readonly reason: readonly RegExp[]
}

const once = { restarts_max: 1 }
const cases: readonly Case[] = [
  {
    name: 'does-not-import',
    entrypoint: 'missing_module.py',
    training: { restarts_max: 2 },
    reason: [/failed at attempt 2: exit code 1 .* failure 2 of 2/, /ModuleNotFoundError.*a_package_nobody_has/],
  },
  {
    name: 'raises',
    training: { restarts_max: 2 },
    reason: [/failed at attempt 2: exit code 1 .* failure 2 of 2/, /RuntimeError: the third batch is upside down/],
  },
  { name: 'crashes', reason: [/ended by SIGABRT/, /about to misbehave: crashes/] },
  { name: 'loses-its-loss', reason: [/exit code 1/, /NonFiniteLoss: loss is nan at step 3 of this worker, epoch 0/] },
  {
    name: 'miscounts',
    declared: 200,
    reason: [/exit code 1/, /DatasetMismatch: dataset has 160 samples but the job declares 200 for this region/],
  },
  { name: 'uses-rmsprop', reason: [/exit code 1/, /Unsupported: optimizer RMSprop is not supported: use torch.optim/] },
  {
    name: 'hangs',
    training: { stall_timeout: '3s' },
    reason: [/made no progress for 3 s/, /about to misbehave: hangs/],
  },
  {
    name: 'hangs-before-joining',
    training: { stall_timeout: '4s' },
    reason: [/did not join its parameter server for 20 s/, /about to misbehave: hangs-before-joining/],
  },
  {
    name: 'hangs-while-evaluating',
    training: { stall_timeout: '3s' },
    hasHoldout: true,
    reason: [/made no progress for 3 s/, /about to misbehave: hangs-while-evaluating/],
  },
  {
    name: 'leaves-at-once',
    reason: [/exit code 0 .*/, /before training was over/, /about to misbehave: leaves-at-once/],
  },
  { name: 'leaves-early', reason: [/exit code 0 .*/, /before training was over/, /about to misbehave: leaves-early/] },
]

describe.skipIf(python === '')('a function that goes wrong', () => {
  beforeAll(async () => {
    cluster = await TestCluster.start({ regions: [lab], cpuUnits })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  describe.concurrent('ends its job as failed, and says why', () => {
    // oxlint-disable-next-line vitest/expect-expect -- concurrent tests have an expect of their own
    test.for(cases)('$name', async ({ name, reason, ...options }, { expect: check }) => {
      const { code, job } = await submitAndWatch(jobOf(name, options), options.hasHoldout === true)
      check(job.state, job.reason).toBe('failed')
      check(code).toBe(1)
      check(job.reason).toContain(`worker ${job.id}/${lab}/worker-0 failed at attempt`)
      for (const part of reason) check(job.reason).toMatch(part)
      await expectReleased(job.id, check)
    })
  })

  test('binary output and endless lines are kept byte for byte, and the job succeeds', async () => {
    const random = seededRandom(7)
    const garbage = Buffer.concat([
      Buffer.from(Array.from({ length: 300_000 }, () => random.integer(256))),
      Buffer.alloc(1_000_000, 'x'),
      Buffer.from('\n\0\r\u001b[31m\n'),
      Buffer.alloc(1_000_000, 0xff),
      Buffer.from('\n'),
    ])
    const path = join(cluster.folder, 'garbage.bin')
    writeFileSync(path, garbage)
    const { code, job } = await submitAndWatch({
      ...jobOf('prints-garbage', { entrypoint: 'train.py' }),
      arguments: ['--print', path],
    })
    expect(job.state, job.reason).toBe('succeeded')
    expect(code).toBe(0)
    const instanceId = `${job.id}/${lab}/worker-0`
    const log = await cluster.shippedLog(job.id, instanceId, lab)
    expect(log.equals(cluster.logFile(instanceId, lab)), 'what was shipped is what was printed').toBe(true)
    expect(log.includes(garbage), 'all that the function printed is there').toBe(true)
    expect(log.toString('latin1').trimEnd().split('\n').at(-1)).toContain('"epoch": 1')
    await expectReleased(job.id)
  })

  test('and then the whole region is free again', async () => {
    const { regions } = await cluster.services.regions.listRegions({})
    const cpu = regions.find(({ name }) => name === lab)?.offers.find(({ deviceModel }) => deviceModel === 'cpu')
    expect(cpu).toMatchObject({ unitsTotal: cpuUnits, unitsFree: cpuUnits })
    const own = readClusterState(cluster.folder)!.processes.map(({ pid }) => pid)
    expect(new Set(cluster.processes.map(({ pid }) => pid))).toEqual(new Set(own))
    await cluster.stop()
    expect(cluster.processes).toEqual([])
  })
})

function jobOf(name: string, options: Pick<Case, 'entrypoint' | 'training' | 'declared'>): JobOptions {
  const { entrypoint = 'misbehaves.py', training, declared } = options
  return {
    name,
    entrypoint,
    arguments: entrypoint === 'misbehaves.py' ? [name] : [],
    samples: { [lab]: 160 },
    ...(declared === undefined ? {} : { declared: { [lab]: declared } }),
    training: { epochs: 2, lease_samples: 64, ...once, ...training },
  }
}

/** As `cloudless --json` prints it. */
type ShownJob = { readonly id: string; readonly state: string; readonly reason: string }

async function submitAndWatch(
  options: JobOptions,
  hasHoldout = false,
): Promise<{ code: number | null; job: ShownJob }> {
  const file = cluster.writeJob(options, ({ data }) => {
    const { shards, ...rest } = data as { shards: readonly unknown[]; holdout?: unknown }
    if (hasHoldout) Object.assign(data as object, { ...rest, holdout: shards[0] })
  })
  const { code, stdout, stderr } = await cluster.cli(['--json', 'submit', file, '--watch'])
  const last = present(stdout.trim().split('\n').at(-1), 'last line')
  if (!last.startsWith('{')) throw new Error(`submit printed no job: ${stdout}${stderr}`)
  return { code, job: JSON.parse(last) as ShownJob }
}

async function expectReleased(id: string, check: typeof expect = expect): Promise<void> {
  // Closed only when every instance is down.
  const ledger = await cluster.ledger(id)
  check(ledger.length).toBeGreaterThan(0)
  check(cluster.leftInMemory(id, lab)).toEqual([])
}
