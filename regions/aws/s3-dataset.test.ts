// What lies in a bucket, by the SDK's own client.
import { afterEach, describe, expect, test } from 'vitest'
import type { CloudAnswer, CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { openRig } from './adapter-rig.fixture.ts'
import { objectsAnswer, regionOf } from './recorded.fixture.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

async function rig(...given: Rest<Parameters<typeof openRig>>) {
  const made = await openRig(systemClock(), ...given)
  opened.push(made)
  return made
}

type Rest<T> = T extends [unknown, ...infer Others] ? Others : never

describe('a data set on S3', () => {
  const signal = new AbortController().signal
  const bucketIn = (region: string, list: (request: CloudRequest) => CloudAnswer) => (request: CloudRequest) =>
    request.method === 'HEAD' ? { headers: { 'x-amz-bucket-region': region }, body: '' } : list(request)

  test('is counted over all pages, without its neighbours and folders', async () => {
    const { adapter, cloud } = await rig(
      bucketIn('eu-west-1', ({ query }) =>
        query.has('continuation-token')
          ? objectsAnswer([{ key: 'train/b', bytes: 5 }])
          : objectsAnswer(
              [
                { key: 'train/', bytes: 0 },
                { key: 'train/a', bytes: 3_000_000_000 },
                { key: 'train-old/a', bytes: 7 },
              ],
              'page-2',
            ),
      ),
    )
    const uri = 's3://some-bucket/train'
    expect(await adapter.listDataset({ uri, region: null, signal })).toEqual({
      uri,
      region: 'aws/eu-west-1',
      objects: 2,
      bytes: 3_000_000_005,
      truncated: false,
    })
    expect(cloud.requests.at(-1)).toMatchObject({ path: '/some-bucket/' })
    expect(regionOf(cloud.requests.at(-1)!)).toBe('eu-west-1')
  })

  test('is found in whatever region it lies', async () => {
    const { adapter, cloud } = await rig((request) => {
      if (request.method !== 'HEAD') return objectsAnswer([{ key: 'a', bytes: 5 }])
      const headers = { 'x-amz-bucket-region': 'eu-west-1' }
      return regionOf(request) === 'eu-west-1' ? { headers, body: '' } : { status: 301, headers, body: '' }
    })
    const found = await adapter.listDataset({ uri: 's3://some-bucket', region: null, signal })
    expect(found).toMatchObject({ region: 'aws/eu-west-1', objects: 1 })
    expect(cloud.requests.map(regionOf)).toEqual(['us-east-1', 'eu-west-1', 'eu-west-1'])
  })

  test('is not counted to its end where one object is enough', async () => {
    const { adapter, cloud } = await rig(
      bucketIn('eu-west-1', ({ query }) =>
        objectsAnswer(
          [{ key: query.has('continuation-token') ? 'train/a' : 'train-old/a', bytes: 5 }],
          cloud.requests.length + '',
        ),
      ),
    )
    const request = { uri: 's3://some-bucket/train', region: 'aws/eu-west-1', untilFound: true, signal }
    expect(await adapter.listDataset(request)).toMatchObject({ objects: 1, truncated: true })
    expect(cloud.requests).toHaveLength(3)
  })

  test.each<[string, CloudAnswer, string]>([
    ['does not exist', { status: 404, body: '' }, 'CLOUD_MISSING'],
    ['is not ours to list', { status: 403, body: '' }, 'CLOUD_REFUSED'],
  ])('that %s is refused', async (_, answer, reason) => {
    const { adapter, slept } = await rig(() => answer)
    await expect(adapter.listDataset({ uri: 's3://some-bucket/x', region: null, signal })).rejects.toMatchObject({
      reason,
      message: expect.stringContaining('some-bucket') as string,
    })
    expect(slept).toEqual([])
  })

  test('with an impossible size is not believed', async () => {
    const { adapter } = await rig(bucketIn('us-east-1', () => objectsAnswer([{ key: 'x', bytes: -1 }])))
    await expect(adapter.listDataset({ uri: 's3://some-bucket', region: null, signal })).rejects.toMatchObject({
      reason: 'CLOUD_ANSWER',
    })
  })

  test.each(['s3://', 's3://A/b', 'cos://data-1250000000/x', 's3://bucket/../x', 'file:///x', 's3:/bucket/x'])(
    'at %s is refused by field',
    async (uri) => {
      const { adapter, cloud } = await rig()
      await expect(adapter.listDataset({ uri, region: null, signal })).rejects.toMatchObject({
        violations: [{ field: 'uri' }],
      })
      expect(cloud.requests).toEqual([])
    },
  )
})
