// What lies under an s3:// address, and in which region: the bucket tells where it lies whoever asks.
import { HeadBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Dataset, DatasetRequest } from '#regions/adapter.ts'
import { unbelievable } from '#regions/cloud/cloud-api.ts'
import { countObjects } from '#regions/cloud/count-objects.ts'
import { objectAddress } from '#regions/cloud/object-address.ts'
import type { AwsClients } from './clients.ts'

export async function s3Dataset(clients: AwsClients, homeRegion: string, request: DatasetRequest): Promise<Dataset> {
  const { uri, region, untilFound = false, signal } = request
  const { bucket, prefix } = objectAddress(uri, 's3')
  const first = region === null ? homeRegion : region.replace(/^aws\//, '')
  const head = await clients.s3.call(`HeadBucket of ${bucket}`, signal, (abortSignal) =>
    clients.s3In(first).send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }),
  )
  const here = head.BucketRegion ?? first
  if (!/^[a-z0-9-]{1,32}$/.test(here)) throw unbelievable(`HeadBucket of ${bucket}`, 'names no region')
  const what = `ListObjectsV2 of ${bucket} in ${here}`
  const counted = await countObjects({ what, prefix, untilFound }, async (token) => {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    const page = await clients.s3.call(what, signal, (abortSignal) => clients.s3In(here).send(command, { abortSignal }))
    const objects = (page.Contents ?? []).map(({ Key, Size }) => ({ key: Key ?? '/', bytes: Size ?? 0 }))
    return { objects, next: page.IsTruncated === true ? (page.NextContinuationToken ?? '') : '' }
  })
  return { uri, region: `aws/${here}`, ...counted }
}
