// Data in an object store, fetched with the real SDK from a server that speaks the documented S3 API.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { pathUnder } from './bucket-address.ts'
import { bucketOpener } from './bucket.ts'
import { blockBytes } from './config.ts'
import { Endpoints } from './endpoints.ts'
import { sourceNames, stageData } from './stage-data.ts'
import { StagingProgress } from './staging-progress.ts'

const clock = systemClock()
const cleanUps: (() => void)[] = []
const keys = { AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' }
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bucket-'))
  Object.assign(process.env, keys)
  cleanUps.push(() => {
    rmSync(root, { recursive: true, force: true })
    for (const name of Object.keys(keys)) delete process.env[name]
  })
})
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
})

const content = (bytes: number, seed: string): Buffer =>
  createHash('shake256', { outputLength: bytes }).update(seed).digest()

/** Answers as S3 does, at most two objects on a page of a list. */
class Store {
  readonly objects: Map<string, Buffer>
  readonly asked: string[] = []
  givenBytes = 0
  /** Answers instead, when it likes. */
  refuse: (request: IncomingMessage) => { readonly status: number; readonly code: string } | null = () => null

  constructor(objects: Readonly<Record<string, Buffer>>) {
    this.objects = new Map(Object.entries(objects))
  }

  async start(): Promise<string> {
    const server = createServer((request, response) => this.#answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  etag(key: string): string {
    return `"${createHash('md5').update(this.objects.get(key)!).digest('hex')}"`
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://store')
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'))
    this.asked.push(`${request.method} ${key} ${request.headers.range ?? ''}`.trim())
    const refusal = this.refuse(request)
    if (refusal !== null) return fail(response, refusal.status, refusal.code)
    if (key === '') return this.#list(url.searchParams, response)
    const data = this.objects.get(key)
    if (data === undefined) return fail(response, 404, 'NoSuchKey')
    const wanted = request.headers['if-match']
    if (wanted !== undefined && wanted !== this.etag(key)) return fail(response, 412, 'PreconditionFailed')
    const [from, to] = /bytes=(\d+)-(\d+)/
      .exec(request.headers.range ?? '')!
      .slice(1)
      .map(Number) as [number, number]
    const part = data.subarray(from, to + 1)
    this.givenBytes += part.length
    response.writeHead(206, { 'content-length': part.length, etag: this.etag(key) }).end(part)
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const after = query.get('marker') ?? ''
    const found = [...this.objects.keys()].sort().filter((key) => key.startsWith(query.get('prefix') ?? ''))
    const rest = found.filter((key) => key > after)
    const page = rest.slice(0, 2)
    const contents = page.map((key) => {
      const size = this.objects.get(key)!.length
      return `<Contents><Key>${key}</Key><Size>${size}</Size><ETag>${this.etag(key).replaceAll('"', '&quot;')}</ETag></Contents>`
    })
    const isTruncated = rest.length > page.length
    const body = `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}</ListBucketResult>`
    response.writeHead(200, { 'content-type': 'application/xml' }).end(body)
  }
}

function fail(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} it is</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
}

function staging(url: string, uri: string, options: { signal?: AbortSignal; place?: string; region?: string } = {}) {
  const { region = 'aws/us-east-1', place = 'aws/eu-west-1' } = options
  const sources = [{ region, shards: [{ uri, path: join(root, 'staged', 'shard-0', 'set') }] }]
  const progress = new StagingProgress(sourceNames(sources))
  const environment = { AWS_ENDPOINT_URL_S3: url, CLOUDLESS_COS_ENDPOINT: url, TENCENTCLOUD_SECRET_ID: 'i' }
  const done = stageData(
    {
      jobId: 'j-1',
      place,
      sources,
      folder: join(root, 'staged'),
      endpoints: new Endpoints(),
      progress,
      open: () => expect.fail('no data server is needed'),
      openBucket: bucketOpener({ ...environment, TENCENTCLOUD_SECRET_KEY: 'k' }),
      clock,
      random: seededRandom(1),
      log: silentLog,
    },
    options.signal ?? new AbortController().signal,
  )
  return { done, progress }
}

const staged = (name: string): Buffer => readFileSync(join(root, 'staged', 'shard-0', 'set', name))

describe('data in a bucket', () => {
  test('a folder comes whole, over several pages and in blocks; what lies beside it does not', async () => {
    const objects = {
      'train/a.npz': content(2 * blockBytes + 7, 'a'),
      'train/deep/b.npz': content(100, 'b'),
      'train/empty': Buffer.alloc(0),
      'train/z.npz': content(5, 'z'),
      'train/': Buffer.alloc(0),
      'train-old/a.npz': content(9, 'old'),
    }
    const store = new Store(objects)
    const { done, progress } = staging(await store.start(), 's3://bucket-1/train')
    await done
    for (const name of ['a.npz', 'deep/b.npz', 'empty', 'z.npz'])
      expect(staged(name).equals(objects[`train/${name}` as keyof typeof objects]), name).toBe(true)
    expect(readdirSync(join(root, 'staged', 'shard-0', 'set')).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'a.npz',
      'deep',
      'empty',
      'z.npz',
    ])
    const bytes = 2 * blockBytes + 112
    expect([progress.bytesDone, progress.bytesTotal]).toEqual([bytes, bytes])
    // Who pays is the region that they left, and nobody there counts them.
    expect(progress.fetchedFromElsewhere('aws/eu-west-1')).toEqual({ 'aws/us-east-1': bytes })
    expect(progress.fetchedFromElsewhere('aws/us-east-1')).toEqual({})
  })

  test('one object is one file; in COS too', async () => {
    const store = new Store({ 'sets/points.f32': content(300, 'p') })
    await staging(await store.start(), 'cos://bucket-1250000000/sets/points.f32', { region: 'tencent/ap-shanghai' })
      .done
    expect(readFileSync(join(root, 'staged', 'shard-0', 'set')).equals(content(300, 'p'))).toBe(true)
  })

  test('an attempt that was killed is gone on with, and told of as a whole', async () => {
    const data = content(6 * blockBytes, 'big')
    const store = new Store({ 'train/big': data })
    const url = await store.start()
    const over = new AbortController()
    const first = staging(url, 's3://bucket-1/train', { signal: over.signal })
    while (first.progress.bytesDone < 2 * blockBytes) await clock.sleep(1)
    over.abort(new Error('killed'))
    await expect(first.done).rejects.toThrow(/aborted|killed/)
    store.givenBytes = 0
    const second = staging(url, 's3://bucket-1/train')
    await second.done
    expect(store.givenBytes).toBeLessThanOrEqual(data.length - 2 * blockBytes)
    expect(staged('big').equals(data)).toBe(true)
    expect(second.progress.bytesDone).toBe(data.length)
    expect(second.progress.fetchedFromElsewhere('x')).toEqual({ 'aws/us-east-1': data.length })
    // Nothing is left to fetch for whoever looks again.
    store.givenBytes = 0
    await staging(url, 's3://bucket-1/train').done
    expect(store.givenBytes).toBe(0)
  })

  test('an object that was written anew is fetched anew', async () => {
    const store = new Store({ 'train/x': content(1_000, 'one') })
    const url = await store.start()
    await staging(url, 's3://bucket-1/train').done
    store.objects.set('train/x', content(900, 'two'))
    await staging(url, 's3://bucket-1/train').done
    expect(staged('x').equals(content(900, 'two'))).toBe(true)
  })

  test('an object that changes while it is fetched is listed again', async () => {
    const store = new Store({ 'train/x': content(3 * blockBytes, 'one') })
    let isChanged = false
    store.refuse = ({ headers }) => {
      if (headers.range?.startsWith(`bytes=${blockBytes}-`) === true && !isChanged) {
        isChanged = true
        store.objects.set('train/x', content(blockBytes + 9, 'two'))
      }
      return null
    }
    await staging(await store.start(), 's3://bucket-1/train').done
    expect(staged('x').equals(content(blockBytes + 9, 'two'))).toBe(true)
  })

  test('a store that stumbles is asked again', async () => {
    const store = new Store({ 'train/x': content(1_000, 'x') })
    let troubles = 3
    store.refuse = () => (troubles-- > 0 ? { status: 503, code: 'SlowDown' } : null)
    await staging(await store.start(), 's3://bucket-1/train').done
    expect(staged('x').length).toBe(1_000)
  })

  test.each([
    [403, 'AccessDenied', /s3:\/\/bucket-1 in aws\/us-east-1: train can not be listed: AccessDenied/],
    [404, 'NoSuchBucket', /train can not be listed: NoSuchBucket/],
  ])('what waiting does not cure is told: %d %s', async (status, code, message) => {
    const store = new Store({})
    store.refuse = () => ({ status, code })
    await expect(staging(await store.start(), 's3://bucket-1/train').done).rejects.toThrow(message)
  })

  test.each([
    [{}, 'train', /has no object in it/],
    [{ train: content(1, 'a'), 'train/x': content(1, 'b') }, 'train', /is an object and a folder/],
    [{ 'train/../../x': content(1, 'a') }, 'train', /which would not lie in its shard/],
  ])('unusable: %j under %s', async (objects, prefix, message) => {
    const store = new Store(objects)
    await expect(staging(await store.start(), `s3://bucket-1/${prefix}`).done).rejects.toThrow(message)
  })
})

test.each([
  ['', 'a/b', 'a/b'],
  ['a', 'a', ''],
  ['a', 'a/b', 'b'],
  ['a', 'ab', null],
  ['a/', 'a/b', 'b'],
  ['a/', 'a/', null],
])('under %j the object %j lies at %j', (prefix, key, path) => {
  expect(pathUnder(prefix, key)).toBe(path)
})
