// A cloud says that it will take a machine away: the job's only partition moves to another region, with its data and its
// checkpoint, and trains on there as if nothing had happened.
import { statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('moving partition')

const east = 'aws/us-east-1'
const west = 'aws/us-west-2'
const samples = 960
const epochs = 8
let cluster: TestCluster
/** What the metadata service of the eastern machine says under spot/instance-action. */
let spotAction: string | null = null

const metadata = createServer(({ method, url = '' }, response) => {
  const told: Readonly<Record<string, string | null>> = { 'spot/instance-action': spotAction }
  const text = method === 'PUT' ? 'a-token' : (told[url.replace('/latest/meta-data/', '')] ?? null)
  response.writeHead(text === null ? 404 : 200).end(text ?? '')
})

describe.skipIf(python === '')('a machine that will be taken away', () => {
  beforeAll(async () => {
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`
    cluster = await TestCluster.start({
      regions: [east, west],
      cpuUnits: 1,
      agentFlags: { [east]: { '--cloud-metadata': `aws@${address}` } },
    })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    metadata.closeAllConnections()
    metadata.close()
  })

  test('is left in time: data and checkpoint go along, and every sample is used once an epoch', async () => {
    const options = {
      name: 'leaves',
      entrypoint: 'train.py',
      arguments: ['--pause-ms', '60'],
      samples: { [east]: samples },
      training: { epochs, lease_samples: 64 },
    }
    const id = await cluster.submit(options, (file) => {
      const { shards } = file['data'] as { shards: { uri: string }[] }
      Object.assign(shards[0]!, { bytes: statSync(fileURLToPath(shards[0]!.uri)).size, may_move_to: [west] })
      file['policy'] = 'least-cost'
    })
    const before = await cluster.untilMidTraining(id)
    expect(before.plan!.partitions).toMatchObject([{ region: east, place: east }])
    spotAction = JSON.stringify({ action: 'terminate', time: new Date(Date.now() + 120_000).toISOString() })
    const moved = await cluster.until(id, ({ plan }) => plan?.partitions[0]?.place === west)
    expect(moved.plan).toMatchObject({ version: 2 })

    const job = await cluster.ended(id)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job.progress).toMatchObject({ samplesDone: samples * epochs, samplesTotal: samples * epochs })
    expect(job.progress!.partitions).toMatchObject([{ region: east }])
    const there = `${id}/${east}@${west}.1`
    const rows = [
      ...rowsTold(await cluster.shippedLog(id, `${id}/${east}/worker-0`, east)),
      ...rowsTold(await cluster.shippedLog(id, `${there}/worker-0`, west)),
    ]
    // Nothing that its last checkpoint held is done again; a step whose answer was cut off may not be told of.
    expect(new Set(rows).size).toBeGreaterThanOrEqual(samples * epochs - 16)
    expect(rows.length).toBe(new Set(rows).size)

    const entries = await cluster.ledger(id)
    const compute = entries.filter(({ kind }) => kind === 'USAGE_KIND_DEVICE_SECONDS')
    expect(new Set(compute.map(({ region }) => region))).toEqual(new Set([east, west]))
    const data = entries.filter(({ kind, purpose }) => kind === 'USAGE_KIND_WAN_BYTES' && purpose === 'data')
    const checkpoints = entries.filter(
      ({ kind, purpose }) => kind === 'USAGE_KIND_WAN_BYTES' && purpose === 'checkpoint',
    )
    expect(checkpoints.length).toBeGreaterThan(0)
    expect([...data, ...checkpoints].every(({ region, subject }) => region === east && subject === west)).toBe(true)
    expect(data.reduce((sum, { quantity }) => sum + quantity, 0)).toBeGreaterThan(samples * 36)
  })
})

function rowsTold(log: Buffer): readonly string[] {
  return log
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly counted?: readonly number[]; readonly epoch?: number })
    .flatMap(({ counted, epoch }) => (counted ?? []).map((row) => `${epoch}/${row}`))
}
