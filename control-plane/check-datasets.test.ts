// Jobs with data in object stores: through the real service and the real adapter, to a store on loopback.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Job as WireJob } from '#proto/generated/cloudless/v1/Job.ts'
import { openAws } from '#regions/aws/aws-adapter.ts'
import { objectsAnswer } from '#regions/aws/recorded.fixture.ts'
import { impatientClock, startCloud, type CloudAnswer, type HttpCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { apiConfig } from './api/config.ts'
import { aCatalogue, aShard, aSpec } from './model/builders.ts'
import { aCall, overTheWire, startRig, type Rig } from './rig.ts'
import { encodeJobSpec } from './wire/job-spec.ts'

let cloud: HttpCloud
let rig: Rig
let head: CloudAnswer = 'silence'
let list: CloudAnswer = 'silence'
const bundle = Buffer.from('a bundle')
const bundleDigest = createHash('sha256').update(bundle).digest('hex')
const here: CloudAnswer = { headers: { 'x-amz-bucket-region': 'us-east-1' }, body: '' }

beforeEach(async () => {
  head = here
  list = objectsAnswer([{ key: 'train/a.npz', bytes: 5 }])
  cloud = await startCloud(({ method }) => (method === 'HEAD' ? head : list))
  const aws = openAws({
    clock: impatientClock(systemClock(), []),
    random: seededRandom(1),
    endpoint: cloud.url,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  })
  const catalogue = aCatalogue({ 'aws/us-east-1': { cpu: 1 }, 'onprem/lab': { cpu: 1 } })
  rig = startRig({ catalogue: () => catalogue, listDataset: (_, request) => aws.listDataset(request) })
  const messages = (async function* () {
    await Promise.resolve()
    yield overTheWire<never>('UploadBundleRequest', { digest: bundleDigest, totalBytes: bundle.length, data: bundle })
  })()
  await rig.jobs.uploadBundle(messages, aCall())
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
  await cloud.stop()
})

async function create(uri = 's3://some-bucket/train', validateOnly = true): Promise<WireJob> {
  const spec = aSpec({
    shards: [aShard('onprem/lab', 10), { ...aShard('aws/us-east-1', 10), uri }],
    holdout: null,
  })
  const whole = encodeJobSpec({ ...spec, function: { ...spec.function, bundleDigest } })
  const request = { requestId: '00000000-0000-4000-8000-000000000001', spec: whole, validateOnly }
  const { job } = await rig.jobs.createJob(overTheWire('CreateJobRequest', request), aCall())
  return job!
}

describe('data in an object store', () => {
  test('that is where the job says is fine; files are nobody else’s business', async () => {
    await create()
    expect(cloud.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
    await create('file:///data/train')
    expect(cloud.requests).toHaveLength(2)
  })

  test.each<[string, CloudAnswer, CloudAnswer, string]>([
    [
      'lies in another region',
      { headers: { 'x-amz-bucket-region': 'eu-west-1' }, body: '' },
      objectsAnswer([{ key: 'train/a', bytes: 1 }]),
      'lies in aws/eu-west-1; write that as its region, or copy the data to aws/us-east-1',
    ],
    [
      'does not exist',
      { status: 404, body: '' },
      'silence',
      'can not be listed: AWS S3 HeadBucket of some-bucket found nothing',
    ],
    ['may not be listed', here, { status: 403, body: '' }, 'can not be listed: AWS S3 ListObjectsV2'],
    ['has nothing there', here, objectsAnswer([{ key: 'train-old/a', bytes: 1 }]), 'has no objects'],
  ])('that %s is refused by field', async (_, headAnswer, listAnswer, found) => {
    head = headAnswer
    list = listAnswer
    const refused = create()
    await expect(refused).rejects.toMatchObject({
      kind: 'invalid',
      violations: [{ field: 'spec.shards[1].uri', description: expect.stringContaining(found) as string }],
    })
  })

  test('of a cloud that does not answer in time makes the request one to send again', async () => {
    head = 'silence'
    const created = create()
    const asked = setInterval(() => {
      if (cloud.requests.length > 0) void rig.clock.advance(apiConfig.datasetsDeadlineMs)
    }, 5)
    await expect(created).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('spec.shards[1].uri') as string,
    })
    clearInterval(asked)
  })

  test('is not looked at where there are no credentials for it', async () => {
    head = { status: 401, body: '' }
    expect((await create()).state).toBe('JOB_STATE_PENDING')
  })

  test('may be gone when a request is sent again', async () => {
    const first = await create('s3://some-bucket/train', false)
    head = { status: 404, body: '' }
    expect((await create('s3://some-bucket/train', false)).id).toBe(first.id)
  })
})
