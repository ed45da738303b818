// A bucket of Amazon S3, or of Tencent COS through the same API: what lies under a prefix, and ranges of it. Keys come from
// the SDK's own chain, and for COS from TENCENTCLOUD_SECRET_ID, _SECRET_KEY and _TOKEN; the SDK asks again by itself where
// asking again may help.
import { GetObjectCommand, ListObjectsCommand, S3Client } from '@aws-sdk/client-s3'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import type { BucketAddress } from './bucket-address.ts'

export type BucketObject = {
  readonly key: string
  readonly bytes: number
  /** Changes when somebody writes the object anew. */
  readonly version: string
}

export interface Bucket {
  /** In ascending order of key. */
  list(signal: AbortSignal): AsyncIterable<BucketObject>
  /** Bytes of the object as it was listed. */
  read(object: BucketObject, offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>
  close(): void
}

export type OpenBucket = (address: BucketAddress, region: string) => Bucket

type Environment = Readonly<Record<string, string | undefined>>

/** Requests of one question that the SDK sends, at most. */
const attemptsMax = 5

export function bucketOpener(environment: Environment): OpenBucket {
  return (address, region) => {
    const client = address.scheme === 's3' ? openS3(region, environment) : openCos(region, environment)
    return new S3Bucket(client, address, region)
  }
}

function openS3(region: string, environment: Environment): S3Client {
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL']
  return new S3Client({
    region: region.startsWith('aws/') ? region.slice('aws/'.length) : (environment['AWS_REGION'] ?? 'us-east-1'),
    maxAttempts: attemptsMax,
    followRegionRedirects: true,
    // Emulators have no host name for each bucket.
    forcePathStyle: endpoint !== undefined,
    ...(endpoint === undefined ? {} : { endpoint }),
  })
}

function openCos(region: string, environment: Environment): S3Client {
  const place = region.replace(/^tencent\//, '')
  const endpoint = environment['CLOUDLESS_COS_ENDPOINT']
  const accessKeyId = environment['TENCENTCLOUD_SECRET_ID'] ?? ''
  const secretAccessKey = environment['TENCENTCLOUD_SECRET_KEY'] ?? ''
  const sessionToken = environment['TENCENTCLOUD_TOKEN']
  if (accessKeyId === '' || secretAccessKey === '') {
    const description = 'are not set for the agent; data in cos:// needs them'
    throw invalid([{ field: 'TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY', description }])
  }
  return new S3Client({
    region: place,
    endpoint: endpoint ?? `https://cos.${place}.myqcloud.com`,
    forcePathStyle: endpoint !== undefined,
    maxAttempts: attemptsMax,
    // COS has no checksums of this kind.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  })
}

class S3Bucket implements Bucket {
  readonly #client: S3Client
  readonly #address: BucketAddress
  readonly #region: string

  constructor(client: S3Client, address: BucketAddress, region: string) {
    this.#client = client
    this.#address = address
    this.#region = region
  }

  async *list(abortSignal: AbortSignal): AsyncGenerator<BucketObject, void> {
    const { bucket, prefix } = this.#address
    let marker: string | undefined
    for (;;) {
      const question = { Bucket: bucket, Prefix: prefix, ...(marker === undefined ? {} : { Marker: marker }) }
      const page = await this.#orNamed('listed', this.#client.send(new ListObjectsCommand(question), { abortSignal }))
      const contents = page.Contents ?? []
      for (const { Key, Size, ETag } of contents) yield { key: Key ?? '/', bytes: Size ?? 0, version: ETag ?? '' }
      const last = page.NextMarker ?? contents.at(-1)?.Key ?? ''
      if (page.IsTruncated !== true) return
      // A page that does not move on would never end.
      if (last === '' || last === marker) throw this.#fault('unavailable', 'its list does not go on')
      marker = last
    }
  }

  async read(object: BucketObject, offset: number, length: number, abortSignal: AbortSignal): Promise<Uint8Array> {
    const { key, version } = object
    const question = {
      Bucket: this.#address.bucket,
      Key: key,
      Range: `bytes=${offset}-${offset + length - 1}`,
      ...(version === '' ? {} : { IfMatch: version }),
    }
    const answer = await this.#orNamed('read', this.#client.send(new GetObjectCommand(question), { abortSignal }), key)
    const data = await this.#orNamed('read', answer.Body?.transformToByteArray() ?? Promise.resolve(null), key)
    if (data?.length === length) return data
    throw this.#fault('unavailable', `${key} gave ${data?.length ?? 0} of ${length} bytes`)
  }

  close(): void {
    this.#client.destroy()
  }

  async #orNamed<Answer>(what: string, answer: Promise<Answer>, key = this.#address.prefix): Promise<Answer> {
    try {
      return await answer
    } catch (error) {
      const name = error instanceof Error ? error.name : ''
      const text = `${key} can not be ${what}: ${name} ${messageOf(error)}`
      throw this.#fault(hopeless.has(name) ? 'invalid' : 'unavailable', text, error)
    }
  }

  #fault(kind: 'invalid' | 'unavailable', text: string, cause?: unknown): CloudlessError {
    const { scheme, bucket } = this.#address
    return new CloudlessError(kind, 'BUCKET_FAILED', `${scheme}://${bucket} in ${this.#region}: ${text}`, { cause })
  }
}

/** Asking again later would bring the same again. */
const hopeless: ReadonlySet<string> = new Set([
  'AccessDenied',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'NoSuchBucket',
  'PermanentRedirect',
  'SignatureDoesNotMatch',
])
