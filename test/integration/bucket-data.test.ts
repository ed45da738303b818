// Training data in an S3 bucket of the region, on real processes: its agent fetches it, the function sees a file, and both of the
// cluster's regions train as if it had always been one.
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startMoto, type Moto } from '../moto-for-tests.ts'
import { explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('bucket data')

const lab = 'onprem/lab'
const cloud = 'aws/us-east-1'
const samples: Readonly<Record<string, number>> = { [lab]: 96, [cloud]: 160 }
const names = ['AWS_ENDPOINT_URL_S3', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const

describe.skipIf(python === '')('data in a bucket', () => {
  let moto: Moto | null = null
  let cluster: TestCluster | null = null

  beforeAll(async () => {
    moto = await startMoto()
    if (moto === null) return
    // As an operator gives them to an agent; its own functions do not get them.
    const values = [moto.url, 'testing', 'testing']
    names.forEach((name, i) => (process.env[name] = values[i]!))
    cluster = await TestCluster.start({ regions: [lab, cloud], cpuUnits: 1 })
  })
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await moto?.stop()
    for (const name of names) delete process.env[name]
  })

  test('is fetched by its own region, and every sample of it is used', async ({ skip }) => {
    if (moto === null || cluster === null) return skip('moto is not to be had')
    let content = Buffer.alloc(0)
    const options = { name: 'bucket', entrypoint: 'train.py', samples, training: { epochs: 2, lease_samples: 32 } }
    const uri = 's3://training-data/sets/points.f32'
    const file = cluster.writeJob(options, ({ data }) => {
      const { shards } = data as { shards: { region: string; uri: string }[] }
      const shard = shards.find(({ region }) => region === cloud)!
      content = readFileSync(fileURLToPath(shard.uri))
      shard.uri = uri
    })
    const s3 = new S3Client({ region: 'us-east-1', endpoint: moto.url, forcePathStyle: true })
    await s3.send(new CreateBucketCommand({ Bucket: 'training-data' }))
    await s3.send(new PutObjectCommand({ Bucket: 'training-data', Key: 'sets/points.f32', Body: content }))
    s3.destroy()
    const { code, stdout, stderr } = await cluster.cli(['--json', 'submit', file])
    expect(code, stderr).toBe(0)
    const { id } = JSON.parse(stdout) as { id: string }
    const job = await cluster.ended(id)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job.progress).toMatchObject({ samplesDone: 256 * 2, samplesTotal: 256 * 2 })
    expect(cluster.run(`${id}/${cloud}/data-stager`, cloud).attempt).toBe(1)
    // It never left its region, so nobody pays for its way.
    const entries = await cluster.ledger(id)
    expect(entries.filter(({ kind, purpose }) => kind === 'USAGE_KIND_WAN_BYTES' && purpose === 'data')).toEqual([])
  })
})
