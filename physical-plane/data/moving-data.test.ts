// Data of one region fetched to another one, over real gRPC on loopback and on real files.
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DataServiceHandlers } from '#proto/generated/cloudless/v1/DataService.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { chunkWireBytes } from '#physical-plane/parameter-server/peers/wire-bytes.ts'
import { BlockIndex } from './block-index.ts'
import { bucketOpener } from './bucket.ts'
import { blockBytes, countAheadBytes } from './config.ts'
import { createDataService } from './data-service.ts'
import { Endpoints } from './endpoints.ts'
import { dataServerOpener } from './open-data-server.ts'
import { SentBytes } from './sent-bytes.ts'
import { stageData } from './stage-data.ts'
import { stagedMarkOf, stagedSchema } from './staged-mark.ts'
import { StagingProgress } from './staging-progress.ts'

const clock = systemClock()
const cleanUps: (() => Promise<void> | void)[] = []
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moving-data-'))
  cleanUps.push(() => rmSync(root, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Bytes that differ everywhere, so that a block in another's place shows. */
function content(bytes: number, seed: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update(String(seed)).digest()
}

function write(path: string, data: Uint8Array | string): string {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), data)
  return join(root, path)
}

const uriOf = (path: string): string => pathToFileURL(join(root, path)).href

type Wrap = (service: Implementation<DataServiceHandlers>) => Implementation<DataServiceHandlers>

async function aServer(uris: readonly string[], wrap: Wrap = (service) => service) {
  const sent = await SentBytes.open(join(root, 'sent.json'))
  const index = new BlockIndex(uris.map((uri) => ({ uri, path: fileURLToPath(uri), isOptional: false })))
  const service = createDataService({ jobId: 'j-1', region: 'b', receivers: ['a'], index, sent, log: silentLog })
  const server = await serve({
    clock,
    log: silentLog,
    metrics: createMetrics(),
    services: { 'cloudless.v1.DataService': wrap(service) },
    listen: { host: '127.0.0.1', port: 0 },
  })
  cleanUps.push(() => server.stop(0))
  return { server, sent }
}

const folder = (): string => join(root, 'staged')
const here = (name: string): string => join(folder(), name)

type Staging = { readonly done: Promise<void>; readonly progress: StagingProgress; readonly endpoints: Endpoints }

function staging(
  shards: readonly { readonly uri: string; readonly path: string }[],
  server: RpcServer | null,
  options: { readonly place?: string; readonly signal?: AbortSignal } = {},
): Staging {
  const endpoints = new Endpoints()
  if (server !== null) endpoints.replace(1, [{ region: 'b', endpoint: server.address }])
  const progress = new StagingProgress(['b'])
  const sources = [{ region: 'b', shards: [...shards] }]
  const done = stageData(
    {
      jobId: 'j-1',
      place: options.place ?? 'a',
      sources,
      folder: folder(),
      endpoints,
      progress,
      open: dataServerOpener(clock),
      openBucket: bucketOpener({}),
      clock,
      random: seededRandom(1),
      log: silentLog,
    },
    options.signal ?? new AbortController().signal,
  )
  return { done, progress, endpoints }
}

/** Counts the bytes that are fetched, and may break something. */
function watched(onChunk: (bytes: number) => void): Wrap {
  return (service) => ({
    ...service,
    fetch: async function* (request, call) {
      for await (const message of service.fetch(request, call)) {
        onChunk(message.chunk?.data?.length ?? 0)
        yield message
      }
    },
  })
}

describe('moving data', () => {
  test('files and folders come whole, with empty files and folders in folders, and the mark names them all', async () => {
    const big = content(2 * blockBytes + 12_345, 1)
    write('one.bin', big)
    write('set/x.npz', content(70_000, 2))
    write('set/deep/er/y.npz', content(3, 3))
    write('set/empty', '')
    const { server, sent } = await aServer([uriOf('one.bin'), uriOf('set')])
    const shards = [
      { uri: uriOf('one.bin'), path: here('0/one.bin') },
      { uri: uriOf('set'), path: here('1/set') },
    ]
    const { done, progress } = staging(shards, server)
    await done
    expect(readFileSync(here('0/one.bin')).equals(big)).toBe(true)
    for (const name of ['x.npz', 'deep/er/y.npz', 'empty'])
      expect(readFileSync(here(`1/set/${name}`)).equals(readFileSync(join(root, 'set', name)))).toBe(true)
    const bytes = big.length + 70_003
    expect([progress.bytesDone, progress.bytesTotal]).toEqual([bytes, bytes])
    const mark = stagedSchema.parse(JSON.parse(readFileSync(stagedMarkOf(folder()), 'utf8')))
    expect(mark.shards).toEqual([here('0/one.bin'), here('1/set')])
    expect(new Map(mark.files.map(({ path, bytes: size }) => [path, size]))).toEqual(
      new Map([
        [here('0/one.bin'), big.length],
        [here('1/set/deep/er/y.npz'), 3],
        [here('1/set/empty'), 0],
        [here('1/set/x.npz'), 70_000],
      ]),
    )
    // Each byte went over the wire once, with its frames.
    expect(sent.totals()['a']).toBeGreaterThanOrEqual(bytes)
    expect(sent.totals()['a']).toBeLessThan(1.001 * bytes + 10 * chunkWireBytes(0))
  })

  test('an attempt that was killed is gone on with: what lies here is fetched no more', async () => {
    const data = content(6 * blockBytes, 4)
    write('one.bin', data)
    const over = new AbortController()
    let fetched = 0
    const { server } = await aServer(
      [uriOf('one.bin')],
      watched((bytes) => {
        fetched += bytes
      }),
    )
    const shards = [{ uri: uriOf('one.bin'), path: here('0/one.bin') }]
    const first = staging(shards, server, { signal: over.signal })
    while (first.progress.bytesDone < 2 * blockBytes) await clock.sleep(1)
    over.abort(new Error('killed'))
    await expect(first.done).rejects.toThrow('killed')
    expect(readdirSync(folder())).not.toContain('staged.json')
    fetched = 0
    await staging(shards, server).done
    // At least two blocks were here; what was on its way to the first attempt may be counted still.
    expect(fetched).toBeLessThan(data.length - blockBytes)
    expect(readFileSync(here('0/one.bin')).equals(data)).toBe(true)
  })

  test('a server that dies is waited for, and the next one, elsewhere, is asked for the rest', async () => {
    const data = content(5 * blockBytes, 5)
    write('one.bin', data)
    let fetched = 0
    const count = watched((bytes) => {
      fetched += bytes
    })
    const first = await aServer([uriOf('one.bin')], count)
    const { done, progress, endpoints } = staging([{ uri: uriOf('one.bin'), path: here('0/one.bin') }], first.server)
    while (progress.bytesDone < blockBytes) await clock.sleep(1)
    await first.server.stop(0)
    // Nobody listens for longer than it takes to see that.
    endpoints.replace(2, [{ region: 'b', endpoint: '' }])
    await clock.sleep(700)
    const second = await aServer([uriOf('one.bin')], count)
    endpoints.replace(3, [{ region: 'b', endpoint: second.server.address }])
    await done
    expect(readFileSync(here('0/one.bin')).equals(data)).toBe(true)
    // Blocks that were whole are not fetched again; those under way may be.
    expect(fetched).toBeLessThan(2 * data.length)
  })

  test('nobody listens yet: it waits for the address', async () => {
    write('one.bin', 'x')
    const { done, endpoints } = staging([{ uri: uriOf('one.bin'), path: here('0/one.bin') }], null)
    const { server } = await aServer([uriOf('one.bin')])
    endpoints.replace(1, [{ region: 'b', endpoint: '' }])
    endpoints.replace(2, [{ region: 'b', endpoint: server.address }])
    await done
    expect(readFileSync(here('0/one.bin'), 'utf8')).toBe('x')
  })

  test('bytes that are not what their hash says are fetched again, and given up where they stay wrong', async () => {
    const data = content(100_000, 6)
    write('one.bin', data)
    let wrong = 2
    const corrupting: Wrap = (service) => ({
      ...service,
      fetch: async function* (request, call) {
        for await (const message of service.fetch(request, call)) {
          // The CRC is of what is sent, so only the hash shows it.
          if (wrong > 0) {
            wrong -= 1
            const bytes = Buffer.from(message.chunk!.data as Uint8Array)
            bytes[17]! ^= 1
            yield { chunk: { ...message.chunk, data: bytes, crc32: crc32(bytes) } }
          } else yield message
        }
      },
    })
    const { server } = await aServer([uriOf('one.bin')], corrupting)
    const shards = [{ uri: uriOf('one.bin'), path: here('0/one.bin') }]
    await staging(shards, server).done
    expect(readFileSync(here('0/one.bin')).equals(data)).toBe(true)
    rmSync(folder(), { recursive: true })
    wrong = Number.POSITIVE_INFINITY
    await expect(staging(shards, server).done).rejects.toThrow(/what region b gives is not what it announces/)
    expect(readdirSync(folder())).not.toContain('staged.json')
  })

  test('what was staged from other content before is replaced, and files that are no more go', async () => {
    write('set/x', content(9_000, 7))
    write('set/gone', 'old')
    const first = await aServer([uriOf('set')])
    const shards = [{ uri: uriOf('set'), path: here('0/set') }]
    await staging(shards, first.server).done
    rmSync(join(root, 'set/gone'))
    write('set/x', content(5_000, 8))
    await staging(shards, first.server).done
    expect(readdirSync(here('0/set'))).toEqual(['x'])
    expect(readFileSync(here('0/set/x')).equals(content(5_000, 8))).toBe(true)
  })
})

describe('refused with the reason', () => {
  const shards = () => [{ uri: uriOf('set'), path: here('0/set') }]

  test('a shard that is not there, or has no file in it', async () => {
    const { server } = await aServer([uriOf('set')])
    await expect(staging(shards(), server).done).rejects.toThrow(/shard file:.*\/set can not be read: ENOENT/)
    mkdirSync(join(root, 'set'))
    await expect(staging(shards(), server).done).rejects.toThrow(/shard file:.*\/set has no file in it/)
  })

  test('a link to a folder, which may hold itself', async () => {
    write('set/x', 'x')
    symlinkSync(join(root, 'set'), join(root, 'set', 'again'))
    const { server } = await aServer([uriOf('set')])
    await expect(staging(shards(), server).done).rejects.toThrow(/a link to a folder; copy it instead/)
  })

  test('a place that may not have the data', async () => {
    write('set/x', 'x')
    const { server } = await aServer([uriOf('set')])
    await expect(staging(shards(), server, { place: 'c' }).done).rejects.toThrow(
      /"c" may not have this data; it goes to a/,
    )
  })

  test('a file that became shorter while it was being moved', async () => {
    const path = write('set/x', content(300_000, 9))
    const shrinking: Wrap = (service) => ({
      ...service,
      fetch: (request, call) => {
        truncateSync(path, 10)
        return service.fetch(request, call)
      },
    })
    const { server } = await aServer([uriOf('set')], shrinking)
    await expect(staging(shards(), server).done).rejects.toThrow(/it was changed while it was being moved/)
    expect(statSync(path).size).toBe(10)
  })

  test.each([
    ['../../etc/passwd', 'which would not lie in its shard'],
    ['a//b', 'which would not lie in its shard'],
    ['/etc/passwd', 'which would not lie in its shard'],
  ])('a listing that would write elsewhere: %s', async (path, why) => {
    write('set/x', 'x')
    const lying: Wrap = (service) => ({
      ...service,
      listData: async function* (request, call) {
        for await (const message of service.listData(request, call))
          yield message.blocks == null ? message : { blocks: { ...message.blocks, path } }
      },
    })
    const { server } = await aServer([uriOf('set')], lying)
    await expect(staging(shards(), server).done).rejects.toThrow(why)
  })
})

describe('what was sent', () => {
  test('is known over a crash, at most a little too much and never too little', async () => {
    const path = join(root, 'count', 'sent.json')
    const first = await SentBytes.open(path)
    for (let i = 0; i < 40; i++) await first.add('a', 1_000_000)
    await first.add('c', 5)
    expect(first.totals()).toEqual({ a: 40_000_000, c: 5 })
    // Killed: nothing was closed.
    const second = await SentBytes.open(path)
    const counted = second.totals()['a']!
    expect(counted).toBeGreaterThanOrEqual(40_000_000)
    expect(counted).toBeLessThanOrEqual(40_000_000 + countAheadBytes)
    await second.add('a', 7)
    await second.close()
    expect((await SentBytes.open(path)).totals()['a']).toBe(counted + 7)
  })
})
