// kill -9 of one process each in the middle of training: the job ends as if nothing had happened. Who starts what again
// is as in production: the cluster's supervisor (or an operator) control plane and agent, the agent its instances.
import { statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signalProcess, type ProcessIdentity } from '#cli/local-cluster/process-identity.ts'
import { isAlive } from '#physical-plane/runtime/proc.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { LedgerEntry__Output } from '#proto/generated/cloudless/v1/LedgerEntry.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import { present } from '#runtime/assert.ts'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('kill')

const lab = 'onprem/lab'
const cloud = 'aws/us-east-1'
const samples: Readonly<Record<string, number>> = { [lab]: 320, [cloud]: 480 }
const epochs = 10
const batch = 16
const leaseSamples = 64
let cluster: TestCluster

describe.skipIf(python === '')('kill -9 in the middle of training', () => {
  beforeAll(async () => {
    cluster = await TestCluster.start({ regions: [lab, cloud], cpuUnits: 1 })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('of a worker: its samples go to its successor, and both attempts are paid and logged', async () => {
    // In the middle of a lease, and seen there: between two leases there is nothing to give back.
    const stepsBefore = (2.5 * leaseSamples) / batch
    const id = await submit('worker', ['--stall-in', lab, '--stall-after', `${stepsBefore}`])
    await cluster.until(id, (job) => progressOf(job, lab)?.samplesDone === stepsBefore * batch)
    const victim = `${id}/${lab}/worker-0`
    const { startedAtMs } = cluster.run(victim, lab)
    kill(cluster.functionProcess(victim, lab))
    const killed = { instanceId: victim, attempt: 1, fromMs: startedAtMs, toMs: clock.now() }
    const job = await cluster.ended(id)
    expectWell(job)
    expect(progressOf(job, lab)?.leasesReturned).toBe(1)
    expectPaid(await cluster.ledger(id), [killed, ...newest(id)])
    await expectAddsUp(id)
    expect(attemptsIn(await cluster.shippedLog(id, victim, lab))).toEqual([1, 2])
    await expectEachRowOnce(id, 1)
    expectReleased(id)
  })

  test('of a parameter server: it goes on from its checkpoint, and its worker joins again', async () => {
    const id = await submit('parameter-server')
    await cluster.untilMidTraining(id)
    const victim = `${id}/${cloud}/ps`
    kill(cluster.functionProcess(victim, cloud))
    const job = await cluster.ended(id)
    expectWell(job)
    expect(cluster.run(victim, cloud).attempt).toBe(2)
    expectPaid(await cluster.ledger(id), newest(id))
    await expectAddsUp(id)
    expect(newest(id).map(({ attempt }) => attempt)).toEqual([1, 1])
    const told = (await cluster.shippedLog(id, victim, cloud)).toString('utf8')
    expect(told).toContain('"attempt":1')
    expect(told).toContain('"attempt":2')
    const log = await cluster.shippedLog(id, `${id}/${cloud}/worker-0`, cloud)
    expect(log.toString('utf8')).toContain('joining again')
    // What was counted after the last checkpoint was undone with it and counted again.
    expect(new Set(rowsTold(log)).size).toBe(samples[cloud]! * epochs)
    expectReleased(id)
  })

  test('of an agent: its instances go on, the next agent takes them over, and no second is lost or paid twice', async () => {
    const id = await submit('agent')
    await cluster.untilMidTraining(id)
    const before = [`${id}/${lab}/ps`, `${id}/${lab}/worker-0`].map((each) => cluster.run(each, lab))
    kill(cluster.process('agent-onprem-lab'))
    const job = await cluster.ended(id)
    expectWell(job)
    expect(cluster.notes.join()).toContain('agent-onprem-lab ended with SIGKILL; starting it again')
    const after = [`${id}/${lab}/ps`, `${id}/${lab}/worker-0`].map((each) => cluster.run(each, lab))
    expect(after).toEqual(before)
    expectPaid(await cluster.ledger(id), newest(id))
    await expectAddsUp(id)
    await expectEachRowOnce(id, 0)
    expectReleased(id)
  })

  test('of the control plane: regions train on without it, and it goes on with the job', async () => {
    const id = await submit('control-plane')
    await cluster.untilMidTraining(id)
    kill(cluster.process('control-plane'))
    const job = await cluster.ended(id)
    expectWell(job)
    expect(cluster.notes.join()).toContain('control-plane ended with SIGKILL; starting it again')
    expectPaid(await cluster.ledger(id), newest(id))
    await expectAddsUp(id)
    expect(newest(id).map(({ attempt }) => attempt)).toEqual([1, 1])
    await expectEachRowOnce(id, 0)
    expectReleased(id)
  })

  test('and nothing is left after the cluster was stopped', async () => {
    expect(cluster.processes.length).toBeGreaterThan(0)
    await cluster.stop()
    expect(cluster.processes).toEqual([])
  })
})

function kill(victim: ProcessIdentity): void {
  expect(signalProcess(victim, 'SIGKILL', false)).toBe(true)
}

function submit(name: string, more: readonly string[] = []): Promise<string> {
  return cluster.submit({
    name: `kill-${name}`,
    entrypoint: 'train.py',
    arguments: ['--pause-ms', '25', ...more],
    samples,
    sync: { strategy: 'asgd-ga', interval: 8 },
    training: { epochs, lease_samples: leaseSamples },
  })
}

function expectWell(job: Job__Output): void {
  expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
  const { partitions } = job.progress!
  const done = Object.fromEntries(partitions.map(({ region, samplesDone }) => [region, samplesDone]))
  expect(done).toEqual({ [lab]: samples[lab]! * epochs, [cloud]: samples[cloud]! * epochs })
  expect(job.progress).toMatchObject({ fraction: 1, samplesDone: 800 * epochs, samplesTotal: 800 * epochs })
  const hashes = new Set(partitions.map(({ modelHash }) => modelHash))
  expect([...hashes]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
}

function progressOf(job: Job__Output, name: string): PartitionProgress__Output | undefined {
  return job.progress?.partitions.find(({ region }) => region === name)
}

type Life = { readonly instanceId: string; readonly attempt: number; readonly fromMs: number; readonly toMs: number }

/** The newest attempt of each worker, from the agents' records; once the ledger is closed they have ended. */
function newest(id: string): readonly Life[] {
  return [lab, cloud].map((region) => {
    const instanceId = `${id}/${region}/worker-0`
    const { attempt, startedAtMs } = cluster.run(instanceId, region)
    const exit = cluster.exitPath(instanceId, region, attempt)
    return { instanceId, attempt, fromMs: startedAtMs, toMs: statSync(exit!).mtimeMs }
  })
}

function expectPaid(entries: readonly LedgerEntry__Output[], lives: readonly Life[]): void {
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length)
  const compute = entries.filter(({ kind }) => kind === 'USAGE_KIND_DEVICE_SECONDS')
  // An id ends with instance, attempt and number of the window.
  const byAttempt = Map.groupBy(compute, ({ id }) => id.slice(id.indexOf(':') + 1, id.lastIndexOf('/')))
  const paid = Object.fromEntries(
    [...byAttempt].map(([attempt, windows]) => {
      const sorted = windows.toSorted((a, b) => a.fromMs - b.fromMs)
      // Each window begins where the one before ended.
      expect(sorted.slice(1).map(({ fromMs }) => fromMs)).toEqual(sorted.slice(0, -1).map(({ toMs }) => toMs))
      return [attempt, sorted.reduce((sum, { quantity }) => sum + quantity, 0)]
    }),
  )
  expect(Object.keys(paid).sort()).toEqual(lives.map(({ instanceId, attempt }) => `${instanceId}/${attempt}`).sort())
  for (const { instanceId, attempt, fromMs, toMs } of lives) {
    const difference = paid[`${instanceId}/${attempt}`]! - (toMs - fromMs) / 1000
    expect(Math.abs(difference), `seconds paid too many for attempt ${attempt} of ${instanceId}`).toBeLessThan(1)
  }
}

/** However it is grouped, what was asked for is the sum of the entries, and nothing is missing. */
async function expectAddsUp(jobId: string): Promise<void> {
  const entries = await cluster.ledger(jobId)
  const paid = entries.reduce((sum, { amountUsd }) => sum + amountUsd, 0)
  const metered = entries
    .filter(({ kind }) => kind === 'USAGE_KIND_DEVICE_SECONDS')
    .reduce((sum, { quantity }) => sum + quantity, 0)
  expect((await cluster.services.costs.getJobCost({ jobId })).report?.totalUsd).toBeCloseTo(paid, 12)
  for (const groupBy of [['region'], ['kind', 'purpose'], ['attempt', 'device', 'link']]) {
    const costs = present((await cluster.services.costs.getCosts({ jobIds: [jobId], groupBy })).costs, 'costs')
    const total = costs.groups.reduce((sum, { amounts }) => sum + (amounts?.totalUsd ?? Number.NaN), 0)
    expect(Math.abs(total - paid)).toBeLessThanOrEqual(1e-9 * paid)
    expect(costs.total).toMatchObject({ entries: entries.length, deviceSeconds: expect.closeTo(metered, 6) as unknown })
    expect(costs).toMatchObject({ gaps: [], gapsTotal: 0, jobs: [{ isFinal: true }] })
  }
}

type Line = { readonly attempt?: number; readonly counted?: readonly number[]; readonly epoch?: number }

function linesIn(log: Buffer): readonly Line[] {
  return log
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}

function attemptsIn(log: Buffer): readonly number[] {
  return linesIn(log).flatMap(({ attempt }) => attempt ?? [])
}

function rowsTold(log: Buffer): readonly string[] {
  return linesIn(log).flatMap(({ counted, epoch }) => (counted ?? []).map((row) => `${epoch}/${row}`))
}

/** No row is counted twice in an epoch. A killed worker may have died before it told of its last step. */
async function expectEachRowOnce(id: string, untoldStepsMax: number): Promise<void> {
  for (const region of [lab, cloud]) {
    const log = await cluster.shippedLog(id, `${id}/${region}/worker-0`, region)
    const told = rowsTold(log)
    expect(new Set(told).size).toBe(told.length)
    const untold = samples[region]! * epochs - told.length
    expect(untold, `rows of ${region} that no step tells of`).toBeLessThanOrEqual(untoldStepsMax * batch)
  }
}

/** Nothing of the job runs or lies in memory any more. */
function expectReleased(id: string): void {
  for (const region of [lab, cloud]) {
    expect(cluster.leftInMemory(id, region)).toEqual([])
    for (const name of ['ps', 'worker-0']) {
      const { process } = cluster.run(`${id}/${region}/${name}`, region)
      expect(process !== null && isAlive(process.pid, process.startTicks), `${name} of ${region} runs`).toBe(false)
    }
  }
}
