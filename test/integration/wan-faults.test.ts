// One job over three regions that loses everything once, one after another, by kill -9: a worker, a parameter server, the
// one that closes rounds, an agent, the control plane, and for a while a region's links. It ends with one model, every
// sample used once, and a report that tells what happened. A file lets the workers stop dawdling when all is done.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allRounds } from '#cli/history.ts'
import { signalProcess, type ProcessIdentity } from '#cli/local-cluster/process-identity.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('wan-faults')

const regions = ['aws/us-east-1', 'onprem/lab', 'tencent/ap-shanghai']
const samples: Readonly<Record<string, number>> = {
  'aws/us-east-1': 480,
  'onprem/lab': 400,
  'tencent/ap-shanghai': 440,
}
const samplesAll = 1320
const batch = 16
let cluster: TestCluster

describe.skipIf(python === '')('one job that loses everything once', () => {
  beforeAll(async () => {
    // Long enough for several rounds without the control plane, and less than regions wait for one that is away.
    cluster = await TestCluster.start({ regions, cpuUnits: 1, restartAfterMs: 5000 })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('streaming-diloco: rounds go on without whoever is away, and everybody is in the last one', async () => {
    const sync = { strategy: 'streaming-diloco', interval: 8, fragments: 2, grace_min_ms: 200, grace_max_ms: 2000 }
    const course = await submit('rounds', 100, sync)
    const { id } = course
    const { hub, calm, other, term } = rolesIn(await goesOn(id))

    await loseWorker(id, calm)
    await loseParameterServer(id, other)
    const elected = termIn(await loseParameterServer(id, hub))
    expect(elected, 'the term after the one that closed rounds was killed').toBeGreaterThan(term)
    await loseAgent(id, calm)
    const away = await loseControlPlane(id)
    await loseLinks(id, other)
    course.hurry()

    const job = await cluster.ended(id)
    expectWell(job, course.epochs)
    const restarts = { [hub]: 1, [other]: 1, [calm]: 0 }
    for (const region of regions) await expectEachSampleOnce(course, region, restarts[region]!, region === calm ? 1 : 0)
    const rounds = await allRounds(cluster.services.jobs, id, '', new AbortController().signal)
    for (const region of regions) {
      const meanwhile = rounds.filter(
        (round) => round.region === region && away.fromMs < round.atMs && round.atMs < away.toMs,
      )
      expect(meanwhile.length, `rounds of ${region} without the control plane`).toBeGreaterThan(0)
    }
    expectOneHistory(rounds)

    const report = await reportOn(id)
    expect(report.verdict).toMatchObject({ kind: 'whole', unused_data_share: 0 })
    expect(report.verdict.excluded_data_share).toBeGreaterThan(0)
    // It trained on everything, but not in every round: whoever reads the verdict reads that as well.
    expect(report.verdict.notes.join('\n')).toMatch(
      new RegExp(`${other} took no part in \\d+ of \\d+ rounds \\(.*silent for .+\\)`),
    )
    const reported = Object.fromEntries(report.regions.map((region) => [region.region, region.restarts]))
    expect(reported).toEqual({ [hub]: 1, [other]: 1, [calm]: 1 })
    expect(happened(report, 'restart')).toEqual([
      `${calm} worker-0: started again, attempt 2`,
      `${other} ps: started again, attempt 2`,
      `${hub} ps: started again, attempt 2`,
    ])
    const absences = happened(report, 'absent').filter((text) => text.startsWith(other))
    expect(absences.join('\n')).toMatch(/took no part in rounds \d+-\d+: silent for [\d.]+ s/)
    expect(happened(report, 'hub').at(-1)).toMatch(/closes rounds from \d+ on, term \d+/)
    // Each region that trained on without the control plane says so.
    const unattended = happened(report, 'unattended')
    expect(unattended).toHaveLength(regions.length)
    for (const [i, region] of regions.entries()) {
      expect(unattended.toSorted()[i]).toMatch(new RegExp(`^${region} no word from the control plane for [\\d.]+ s`))
    }
    expect(new Set(happened(report, 'adopted'))).toEqual(new Set([`${calm} ps`, `${calm} worker-0`]))
  })

  test('asgd-ga: nobody waits for anybody, and no update is lost or applied twice', async () => {
    const course = await submit('updates', 60, { strategy: 'asgd-ga', interval: 8 })
    const { id } = course
    await goesOn(id)
    const [first, second, third] = regions as [string, string, string]
    await loseWorker(id, first)
    await loseParameterServer(id, second)
    await loseLinks(id, third)
    course.hurry()

    expectWell(await cluster.ended(id), course.epochs)
    await expectEachSampleOnce(course, first, 0, 1)
    await expectEachSampleOnce(course, second, 1, 0)
    await expectEachSampleOnce(course, third, 0, 0)
    const report = await reportOn(id)
    expect(report.verdict).toMatchObject({ kind: 'whole', unused_data_share: 0 })
    // Nobody waited for the region without links, and its updates came later; that it was away is told.
    expect(report.verdict.excluded_data_share).toBeGreaterThan(0)
    expect(report.verdict.notes.join('\n')).toMatch(new RegExp(`${third} took no part in \\d+ of \\d+ rounds`))
    expect(happened(report, 'restart')).toEqual([
      `${first} worker-0: started again, attempt 2`,
      `${second} ps: started again, attempt 2`,
    ])
  })
})

type Course = { readonly id: string; readonly epochs: number; readonly hurry: () => void }

async function submit(name: string, epochs: number, sync: Readonly<Record<string, unknown>>): Promise<Course> {
  const hurryPath = join(cluster.folder, `hurry-${name}`)
  const id = await cluster.submit({
    name: `faults-${name}`,
    entrypoint: 'train.py',
    arguments: ['--pause-ms', '100', '--hurry', hurryPath],
    samples,
    sync,
    training: { epochs, lease_samples: 64 },
  })
  return { id, epochs, hurry: () => writeFileSync(hurryPath, '') }
}

/** Which region closes rounds, one where a parameter server can be lost without that, and one that keeps its own. */
function rolesIn(job: Job__Output): { hub: string; other: string; calm: string; term: number } {
  const hubs = [...new Set(partitionsOf(job).map(({ sync }) => sync?.hub))]
  expect(hubs).toEqual([expect.stringMatching('.')])
  const [other, calm] = regions.filter((region) => region !== hubs[0])
  return { hub: hubs[0]!, other: other!, calm: calm!, term: termIn(job) }
}

function termIn(job: Job__Output): number {
  return Math.max(...partitionsOf(job).map(({ sync }) => sync?.term ?? 0))
}

// Each of these returns when training goes on everywhere.

async function loseWorker(id: string, region: string): Promise<void> {
  await loseFunction(id, `${id}/${region}/worker-0`, region)
}

async function loseParameterServer(id: string, region: string): Promise<Job__Output> {
  return loseFunction(id, `${id}/${region}/ps`, region)
}

async function loseFunction(id: string, instanceId: string, region: string): Promise<Job__Output> {
  const { attempt } = cluster.run(instanceId, region)
  kill(cluster.functionProcess(instanceId, region))
  while (cluster.run(instanceId, region).attempt === attempt) await clock.sleep(100)
  return goesOn(id)
}

type Absence = { readonly fromMs: number; readonly toMs: number }

/** Resolves when the cluster has started it again. */
async function restart(name: string): Promise<Absence> {
  const killed = cluster.process(name)
  kill(killed)
  const fromMs = clock.now()
  while (!cluster.runs(name) || cluster.process(name).pid === killed.pid) await clock.sleep(100)
  return { fromMs, toMs: clock.now() }
}

async function loseAgent(id: string, region: string): Promise<void> {
  await restart(`agent-${region.replace('/', '-')}`)
  await goesOn(id)
}

/** While it was away. */
async function loseControlPlane(id: string): Promise<Absence> {
  const away = await restart('control-plane')
  await goesOn(id)
  return away
}

/** The others have more rounds while it is cut off, and it trains on; then it catches up. */
async function loseLinks(id: string, region: string): Promise<void> {
  const restored = clock.sleep(linksAwayMs)
  await cluster.setLinks(region, 'cut')
  try {
    await goesOn(
      id,
      regions.filter((each) => each !== region),
    )
    await restored
  } finally {
    await cluster.setLinks(region, 'restore')
  }
  await goesOn(id)
}

const linksAwayMs = 20_000

/**
 * Resolves when each of the regions has used more samples, and has three rounds more than anybody had; where nobody meets
 * in rounds, three more of its own.
 */
async function goesOn(id: string, among: readonly string[] = regions): Promise<Job__Output> {
  const start = await cluster.until(id, (job) => partitionsOf(job).length === regions.length)
  const before = new Map(partitionsOf(start).map((partition) => [partition.region, partition]))
  const newest = Math.max(...[...before.values()].map(committed))
  return cluster.until(id, (job) =>
    partitionsOf(job)
      .filter(({ region }) => among.includes(region))
      .every((now) => {
        const { samplesDone, rounds } = before.get(now.region)!
        const hasRounds = newest > 0 ? committed(now) >= newest + 3 : now.rounds >= rounds + 3
        return hasRounds && now.samplesDone >= samplesDone + 4 * batch
      }),
  )
}

function committed({ sync }: PartitionProgress__Output): number {
  return sync?.committedRound ?? 0
}

function partitionsOf(job: Job__Output): readonly PartitionProgress__Output[] {
  return job.progress?.partitions ?? []
}

function kill(victim: ProcessIdentity): void {
  expect(signalProcess(victim, 'SIGKILL', false)).toBe(true)
}

function expectWell(job: Job__Output, epochs: number): void {
  expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
  const done = Object.fromEntries(partitionsOf(job).map(({ region, samplesDone }) => [region, samplesDone]))
  expect(done).toEqual(Object.fromEntries(regions.map((region) => [region, samples[region]! * epochs])))
  expect(job.progress).toMatchObject({
    fraction: 1,
    samplesDone: samplesAll * epochs,
    samplesTotal: samplesAll * epochs,
  })
  const hashes = new Set(partitionsOf(job).map(({ modelHash }) => modelHash))
  expect([...hashes]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
}

/**
 * What a worker told of its steps, cut where its parameter server was lost. Only the end of a part can have been undone:
 * what came after the last checkpoint. So a row is told of again only if it was among the last ones before the loss.
 */
async function expectEachSampleOnce(
  course: Course,
  region: string,
  losses: number,
  untoldStepsMax: number,
): Promise<void> {
  const log = await cluster.shippedLog(course.id, `${course.id}/${region}/worker-0`, region)
  const parts = partsOf(log.toString('utf8'))
  expect(parts.length, `parts of the log of ${region}`).toBe(losses + 1)
  const told = new Set<string>()
  for (const steps of parts) {
    const rows = steps.flat()
    expect(new Set(rows).size, `rows of ${region} told of twice`).toBe(rows.length)
    for (const row of rows) told.add(row)
  }
  for (const [i, steps] of parts.slice(0, -1).entries()) {
    const later = new Set(parts.slice(i + 1).flat(2))
    const firstUndone = steps.findIndex((rows) => rows.some((row) => later.has(row)))
    const undone = firstUndone < 0 ? [] : steps.slice(firstUndone).flat()
    expect(
      undone.filter((row) => !later.has(row)),
      `rows of ${region} that were undone and not used again`,
    ).toEqual([])
  }
  const untold = samples[region]! * course.epochs - told.size
  expect(untold, `rows of ${region} that no step tells of`).toBeLessThanOrEqual(untoldStepsMax * batch)
}

/** Steps as lists of "epoch/row". */
function partsOf(log: string): readonly (readonly (readonly string[])[])[] {
  const parts: string[][][] = [[]]
  for (const line of log.split('\n')) {
    // Joining may take several tries; a part without a step is none.
    if (line.includes('joining again') && parts.at(-1)!.length > 0) parts.push([])
    if (!line.startsWith('{')) continue
    const { counted, epoch } = JSON.parse(line) as { readonly counted?: readonly number[]; readonly epoch?: number }
    if (counted !== undefined) parts.at(-1)!.push(counted.map((row) => `${epoch}/${row}`))
  }
  return parts
}

/** After a round the shared state is the same in every region that had it, also in those that came back. */
function expectOneHistory(rounds: readonly Round__Output[]): void {
  const whole = rounds.filter(({ round, firstRound }) => round > 0 && round === firstRound)
  const hashes = Map.groupBy(whole, ({ round }) => round)
  expect(hashes.size).toBeGreaterThan(10)
  for (const [round, told] of hashes) {
    expect(new Set(told.map(({ replicaHash }) => replicaHash)).size, `states after round ${round}`).toBe(1)
  }
}

/** The part of `report --json` that is looked at here. */
type Report = {
  readonly verdict: { readonly kind: string; readonly notes: readonly string[]; readonly excluded_data_share: number }
  readonly regions: readonly { readonly region: string; readonly restarts: number }[]
  readonly happenings: readonly { readonly region: string; readonly kind: string; readonly text: string }[]
}

async function reportOn(id: string): Promise<Report> {
  const { code, stdout, stderr } = await cluster.cli(['report', id, '--json'])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Report
}

function happened(report: Report, kind: string): readonly string[] {
  return report.happenings.filter((each) => each.kind === kind).map(({ region, text }) => `${region} ${text}`)
}
