// Data of one region is trained on in another one: it is fetched there over a shaped link, through kill -9 of whoever gives
// and whoever fetches it; then one partition trains on the data of both, and the ledger has what left the region.
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signalProcess } from '#cli/local-cluster/process-identity.ts'
import { countAheadBytes, fetchingBytesMax } from '#physical-plane/data/config.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('moving data')

const lab = 'onprem/lab'
const cloud = 'aws/us-east-1'
const samples: Readonly<Record<string, number>> = { [lab]: 320, [cloud]: 480 }
const epochs = 2
/** Beside the points: some seconds of the link. */
const ballastBytes = 48 * 2 ** 20
const mbitPerSecond = 60
let cluster: TestCluster

describe.skipIf(python === '')('data that moves', () => {
  beforeAll(async () => {
    cluster = await TestCluster.start({
      regions: [lab, cloud],
      cpuUnits: 1,
      linkShape: { mbitPerSecond, roundTripMs: 40 },
    })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('comes through kill -9 of its stager and of its server, and one partition trains on all of it', async () => {
    let labBytes = 0
    const options = {
      name: 'moves',
      entrypoint: 'train.py',
      samples,
      training: { epochs, lease_samples: 64 },
    }
    const id = await cluster.submit(options, (file) => {
      const { shards } = file['data'] as { shards: { region: string; uri: string }[] }
      const shard = shards.find(({ region }) => region === lab)!
      labBytes = intoFolder(shard)
      Object.assign(shard, { bytes: labBytes, may_move_to: [cloud] })
      file['policy'] = 'single-region'
    })
    const server = `${id}/${cloud}/data-server/${lab}`
    const stager = `${id}/${cloud}/data-stager`
    const first = await cluster.until(id, stagedAtLeast(0.005))
    expect(first.reason).toMatch(/staging 0\.\d+ of 0\.05\d* GB of onprem\/lab in aws\/us-east-1/)
    expect(first.firstStepAtMs).toBe(0)
    expect(signalProcess(cluster.functionProcess(stager, cloud), 'SIGKILL', false)).toBe(true)
    while (cluster.run(stager, cloud).attempt < 2) await clock.sleep(50)
    await cluster.until(id, stagedAtLeast(0.02))
    expect(signalProcess(cluster.functionProcess(server, lab), 'SIGKILL', false)).toBe(true)
    const job = await cluster.ended(id)

    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job.progress).toMatchObject({ samplesDone: 800 * epochs, samplesTotal: 800 * epochs })
    expect(job.plan!.partitions).toMatchObject([{ place: cloud, dataRegions: [cloud, lab], samples: 800 }])
    expect(job.progress!.partitions).toHaveLength(1)
    expect([cluster.run(stager, cloud).attempt, cluster.run(server, lab).attempt]).toEqual([2, 2])
    const used = await rowsUsed(id)
    expect(used.length).toBe(800 * epochs)
    expect(new Set(used).size).toBe(800 * epochs)

    const entries = await cluster.ledger(id)
    const data = entries.filter(({ kind, purpose }) => kind === 'USAGE_KIND_WAN_BYTES' && purpose === 'data')
    for (const entry of data)
      expect(entry).toMatchObject({ region: lab, subject: cloud, kind: 'USAGE_KIND_WAN_BYTES', instanceId: server })
    const bytes = data.reduce((sum, { quantity }) => sum + quantity, 0)
    expect(bytes).toBeGreaterThanOrEqual(labBytes)
    // What was on its way at each kill is sent again, and a server that dies counts what it was about to send.
    expect(bytes).toBeLessThan(labBytes + countAheadBytes + 2 * fetchingBytesMax)
    // Nobody pays for units while data is on its way.
    const compute = entries.filter(({ kind }) => kind === 'USAGE_KIND_DEVICE_SECONDS')
    expect(new Set(compute.map(({ region }) => region))).toEqual(new Set([cloud]))
    expect(new Set(compute.map(({ purpose }) => purpose))).toContain('start')
    expect(new Set(compute.map(({ purpose }) => purpose))).toContain('train')
    const leastSeconds = (labBytes * 8) / (mbitPerSecond * 1e6)
    const begun = Math.min(...compute.map(({ fromMs }) => fromMs))
    expect((begun - job.startedAtMs) / 1000).toBeGreaterThan(leastSeconds)
    while (cluster.staged(id, cloud).length > 0) await clock.sleep(200)
  })
})

/** The shard's points in a folder of their own, with something heavy beside them; how many bytes that is. */
function intoFolder(shard: { uri: string }): number {
  const points = fileURLToPath(shard.uri)
  const folder = `${points}-folder`
  mkdirSync(folder)
  renameSync(points, join(folder, 'points.f32'))
  const ballast = createHash('shake256', { outputLength: ballastBytes }).update('ballast').digest()
  writeFileSync(join(folder, 'ballast.bin'), ballast)
  shard.uri = pathToFileURL(folder).href
  return ballastBytes + statSync(join(folder, 'points.f32')).size
}

function stagedAtLeast(gigabytes: number): (job: Job__Output) => boolean {
  return ({ reason }) => Number(/staging (\S+) of/.exec(reason)?.[1] ?? 0) >= gigabytes
}

async function rowsUsed(id: string): Promise<readonly string[]> {
  const log = (await cluster.shippedLog(id, `${id}/${cloud}/worker-0`, cloud)).toString('utf8')
  return log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly counted?: readonly number[]; readonly epoch?: number })
    .flatMap(({ counted, epoch }) => (counted ?? []).map((row) => `${epoch}/${row}`))
}
