// What lies under a cos:// address, by the S3 API that COS speaks. A bucket is found only in its own region, so somebody must say which
// that is.
import { HeadBucketCommand, ListObjectsCommand } from '@aws-sdk/client-s3'
import type { Dataset, DatasetRequest } from '#regions/adapter.ts'
import { countObjects } from '#regions/cloud/count-objects.ts'
import { objectAddress } from '#regions/cloud/object-address.ts'
import { placesOf } from '#regions/cloud/places.ts'
import { invalid } from '#runtime/errors.ts'
import type { TencentClients } from './clients.ts'

export async function cosDataset(clients: TencentClients, request: DatasetRequest): Promise<Dataset> {
  const { uri, region, untilFound = false, signal } = request
  const { bucket, prefix } = objectAddress(uri, 'cos')
  const [place] = placesOf('tencent', region === null ? [] : [region])
  if (place === undefined)
    throw invalid([
      { field: 'region', description: `is missing; say where ${bucket} lies, for example tencent/ap-shanghai` },
    ])
  const client = clients.cosIn(place)
  await clients.cos.call(`HeadBucket of ${bucket} in ${place}`, signal, (abortSignal) =>
    client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }),
  )
  const what = `ListObjects of ${bucket} in ${place}`
  const counted = await countObjects({ what, prefix, untilFound }, async (marker) => {
    const command = new ListObjectsCommand({
      Bucket: bucket,
      Prefix: prefix,
      ...(marker === undefined ? {} : { Marker: marker }),
    })
    const page = await clients.cos.call(what, signal, (abortSignal) => client.send(command, { abortSignal }))
    const objects = (page.Contents ?? []).map(({ Key, Size }) => ({ key: Key ?? '/', bytes: Size ?? 0 }))
    // Where no next marker is named, the last key is one.
    const next = page.NextMarker ?? objects.at(-1)?.key ?? ''
    return { objects, next: page.IsTruncated === true ? next : '' }
  })
  return { uri, region: `tencent/${place}`, ...counted }
}
