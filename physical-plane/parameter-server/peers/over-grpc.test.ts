// Links between two regions over real gRPC on loopback: updates and payloads whole and in order though connections are
// cut, refusals by name, and what is refused is counted while the link goes on.
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { WatchOpen } from '#proto/generated/cloudless/v1/WatchOpen.ts'
import type { WatchPeerRequest } from '#proto/generated/cloudless/v1/WatchPeerRequest.ts'
import type { FetchRequest } from '#proto/generated/cloudless/v1/FetchRequest.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { aPayload, aSide, countedMemory, hashOf, pattern, until, type ASide } from './a-peer-side.ts'
import type { OpenPeer } from './channels.ts'
import { protocolVersion } from './config.ts'
import { peerOpener } from './open-peer.ts'
import { PeerLinks } from './peer-links.ts'
import { createPeerService } from './peer-service.ts'

const clock = systemClock()
const memory = countedMemory()
const open = peerOpener(clock)
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function served(
  side: ASide,
  wrap: (service: Implementation<PeerServiceHandlers>) => Implementation<PeerServiceHandlers> = (service) => service,
): Promise<RpcServer> {
  const service = createPeerService({ side, jobId: 'job', log: silentLog })
  const server = await serve({
    services: { 'cloudless.v1.PeerService': wrap(service) },
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    log: silentLog,
    metrics: createMetrics(),
  })
  side.endpoint = server.address
  cleanUps.push(() => server.stop(0))
  return server
}

function linked(side: ASide, opening: OpenPeer = open): PeerLinks {
  const random = seededRandom(1)
  const links = new PeerLinks({ jobId: 'job', memory, clock, random, log: silentLog, open: opening, pingMs: 20 })
  links.start(side)
  cleanUps.push(() => links.stop())
  return links
}

/** Breaks off every seventh message, as a cut would. */
const fragile: OpenPeer = (endpoint, channel) => {
  const client = open(endpoint, channel)
  let messages = 0
  async function* cutShort<T>(answer: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const message of answer) {
      messages += 1
      if (messages % 7 === 0) throw new Error('cut')
      yield message
    }
  }
  return {
    close: () => client.close(),
    watchPeer: (requests, options) => cutShort(client.watchPeer(requests, options)),
    fetch: (request, options) => cutShort(client.fetch(request, options)),
  }
}

const signal = (): AbortSignal => AbortSignal.timeout(20_000)

describe('updates', () => {
  test('come whole, in order and once, though streams are cut again and again', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    linked(b, fragile)
    b.knows([{ region: 'a', endpoint: address }])
    const sealed = [1, 2, 3, 4, 5].map((seed) => a.seal(pattern(900_000 + 4 * seed, seed)))
    await until(b, () => b.told.updates.length === sealed.length)
    expect(b.told.updates).toEqual(sealed.map(({ seq, payload }) => ({ seq, hash: payload!.sha256 })))
    expect(b.told.refused).toEqual([])
    const payloadBytes = sealed.reduce((sum, { payload }) => sum + payload!.bytes, 0)
    expect(a.told.sentBytes).toBeGreaterThan(payloadBytes)
    expect(b.told.receivedBytes).toBeGreaterThan(payloadBytes)
    expect(a.told.called[0]).toEqual({ region: 'b', endpoint: '' })
  })

  test('are acknowledged once they are durable, also at the very end', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    a.seal(pattern(4096))
    await until(b, () => b.told.updates.length === 1)
    expect(a.told.acknowledged).toEqual([])
    b.durable.set('a', 1)
    await links.stop()
    expect(a.told.acknowledged).toEqual([1])
  })

  test('bytes on the wire are the payload and a little more, the same on both sides', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const bytes = pattern(4_000_000)
    a.shelf.put(hashOf(bytes), bytes)
    const received = await links.fetch('a', aPayload(bytes), signal())
    expect(hashOf(received)).toBe(hashOf(bytes))
    memory.release(received)
    expect(a.told.sentBytes).toBeGreaterThan(bytes.length)
    expect(a.told.sentBytes).toBeLessThan(bytes.length * 1.002 + 10_000)
    // Pongs may be under way.
    await expect.poll(() => Math.abs(a.told.sentBytes - b.told.receivedBytes)).toBeLessThan(200)
  })

  test('an update that is not taken in is refused, held no more, and asked for again', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    const usedBytes = memory.usedBytes
    let isFirst = true
    b.onReceive = () => {
      if (!isFirst) return Promise.resolve()
      isFirst = false
      return Promise.reject(new Error('the disk is full'))
    }
    linked(b)
    a.seal(pattern(4096, 1))
    a.seal(pattern(4096, 2))
    b.knows([{ region: 'a', endpoint: address }])
    await until(b, () => b.told.updates.length === 2)
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([1, 2])
    expect(memory.usedBytes).toBe(usedBytes)
  })
})

describe('statuses', () => {
  test('the newest one arrives, none twice, and round trips are measured', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    await until(b, () => b.told.statuses.length === 1)
    for (let i = 0; i < 50; i++) a.say({ committedRound: i })
    await until(b, () => b.told.statuses.at(-1)!.revision === 51)
    const revisions = b.told.statuses.map(({ revision }) => revision)
    expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y))
    expect(revisions.length).toBeLessThan(50)
    await expect.poll(() => b.told.measured.length).toBeGreaterThan(2)
    const { fromRegion, roundTripMs } = b.told.measured.at(-1)!
    expect(fromRegion).toBe('a')
    expect(roundTripMs).toBeGreaterThan(0)
  })

  test('one with wrong fields is refused by name, and the link goes on', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    linked(b)
    a.say({ votedFor: 'nowhere' })
    b.knows([{ region: 'a', endpoint: address }])
    await until(b, () => b.told.refused.length === 1)
    expect(b.told.refused[0]).toMatchObject({ region: 'a', reason: 'INVALID_FIELD' })
    expect(b.told.refused[0]!.text).toMatch(/region a.*status\.votedFor.*"nowhere"/)
    a.say({ votedFor: 'b' })
    await until(b, () => b.told.statuses.length === 1)
  })

  test('a region that moves is followed to its new address', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const [first, second] = [await served(a), await served(a)]
    linked(b)
    b.knows([{ region: 'a', endpoint: first.address }])
    a.seal(pattern(64, 1))
    await until(b, () => b.told.updates.length === 1)
    await first.stop(0)
    b.knows([{ region: 'a', endpoint: second.address }])
    a.seal(pattern(64, 2))
    await until(b, () => b.told.updates.length === 2)
    expect(a.told.called).toHaveLength(2)
  })
})

describe('fetching', () => {
  test('a payload that is gone is said to be', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const usedBytes = memory.usedBytes
    const gone = links.fetch('a', aPayload(pattern(4096)), signal())
    await expect(gone).rejects.toMatchObject({ kind: 'not-found', reason: 'OBJECT_GONE' })
    expect(memory.usedBytes).toBe(usedBytes)
    expect(b.told.refused).toEqual([])
  })

  test('nobody waits for an unknown region, and a fetch can be given up', async () => {
    const b = aSide('b')
    const links = linked(b)
    await expect(links.fetch('c', aPayload(pattern(8)), signal())).rejects.toMatchObject({ reason: 'UNKNOWN_REGION' })
    const usedBytes = memory.usedBytes
    const stopping = new AbortController()
    const waiting = links.fetch('a', aPayload(pattern(4096)), stopping.signal)
    stopping.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(memory.usedBytes).toBe(usedBytes)
  })

  test.each([
    ['corrupt', 'CHUNK_CORRUPT', (data: Buffer) => ({ data: Buffer.from(data.map((byte) => byte ^ 1)) })],
    ['replayed', 'CHUNK_OUT_OF_ORDER', (_: Buffer, offset: number) => ({ offset: Math.max(0, offset - 1) || 9 })],
    ['empty', 'CHUNK_EMPTY', () => ({ data: Buffer.alloc(0) })],
    ['oversized', 'CHUNK_TOO_LARGE', () => ({ data: Buffer.alloc(2 ** 20 + 1) })],
    ['longer than asked for', 'CHUNK_BEYOND_END', () => ({ data: Buffer.alloc(2 ** 20) })],
  ])('a chunk that is %s is refused with its region, and the payload comes all the same', async (_, reason, spoil) => {
    const [a, b] = [aSide('a'), aSide('b')]
    let isSpoilt = false
    const { address } = await served(a, (service) => ({
      ...service,
      fetch: async function* (request, call) {
        for await (const { chunk } of service.fetch(request, call)) {
          const change = isSpoilt ? {} : spoil(chunk!.data as Buffer, Number(chunk!.offset))
          isSpoilt = true
          yield { chunk: { ...chunk, ...change } }
        }
      },
    }))
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const bytes = pattern(700_000)
    a.shelf.put(hashOf(bytes), bytes)
    const received = await links.fetch('a', aPayload(bytes), signal())
    expect(hashOf(received)).toBe(hashOf(bytes))
    memory.release(received)
    expect(b.told.refused).toMatchObject([{ region: 'a', reason }])
    expect(b.told.refused[0]!.text).toContain('of region a')
  })

  test('an answer that ends early is refused as truncated', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a, (service) => ({ ...service, fetch: async function* () {} }))
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const fetched = links.fetch('a', aPayload(pattern(4096)), signal())
    await expect(fetched).rejects.toMatchObject({ kind: 'invalid', reason: 'CHUNKS_TRUNCATED' })
    expect(b.told.refused.map(({ reason }) => reason)).toEqual(Array(3).fill('CHUNKS_TRUNCATED'))
  })

  test('a payload that came with another hash once is fetched again', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    let isSpoilt = false
    const { address } = await served(a, (service) => ({
      ...service,
      fetch: async function* (request, call) {
        for await (const { chunk } of service.fetch(request, call)) {
          const data = Buffer.from(chunk!.data as Buffer)
          if (!isSpoilt) data[0]! ^= 1
          isSpoilt = true
          yield { chunk: { ...chunk, data, crc32: crc32(data) } }
        }
      },
    }))
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const bytes = pattern(1_200_000)
    a.shelf.put(hashOf(bytes), bytes)
    const received = await links.fetch('a', aPayload(bytes), signal())
    expect(hashOf(received)).toBe(hashOf(bytes))
    memory.release(received)
    expect(b.told.refused).toMatchObject([{ region: 'a', reason: 'PAYLOAD_CORRUPT' }])
  })

  test('a payload that always has another hash than it was named by is given up, and its memory given back', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const bytes = pattern(1_200_000)
    const payload = aPayload(bytes)
    a.shelf.put(payload.sha256, pattern(1_200_000, 2))
    const usedBytes = memory.usedBytes
    await expect(links.fetch('a', payload, signal())).rejects.toMatchObject({ reason: 'PAYLOAD_DIFFERS' })
    expect(memory.usedBytes).toBe(usedBytes)
    expect(b.told.refused.map(({ reason }) => reason)).toEqual(Array(3).fill('PAYLOAD_CORRUPT'))
  })

  test('a payload that is shorter than was announced is refused', async () => {
    const [a, b] = [aSide('a'), aSide('b')]
    const { address } = await served(a)
    const links = linked(b)
    b.knows([{ region: 'a', endpoint: address }])
    const bytes = pattern(4096)
    a.shelf.put(hashOf(bytes), bytes)
    const announced = { ...aPayload(bytes), bytes: 8192 }
    await expect(links.fetch('a', announced, signal())).rejects.toMatchObject({ reason: 'PAYLOAD_DIFFERS' })
    expect(b.told.refused[0]!.text).toMatch(/length: 8192 must be .* 1 to 4096/)
  })
})

describe('what does not belong here', () => {
  const good = { jobId: 'job', region: 'b', fromRegion: 'a', protocolVersion }

  /** The error that ends the answers, whatever comes before it. */
  async function refusal(answers: AsyncIterable<unknown>): Promise<unknown> {
    const iterator = answers[Symbol.asyncIterator]()
    try {
      while ((await iterator.next()).done !== true);
      return 'the end'
    } catch (error) {
      return error
    }
  }

  test.each<[string, WatchOpen, object]>([
    ['another job', { jobId: 'other' }, { reason: 'WRONG_JOB', message: expect.stringContaining('"other"') }],
    ['another region meant', { fromRegion: 'b' }, { reason: 'WRONG_REGION' }],
    ['another version', { protocolVersion: 9 }, { reason: 'WRONG_PROTOCOL_VERSION' }],
    ['a stranger', { region: 'c' }, { kind: 'invalid', message: expect.stringContaining('"c"') }],
    ['a region that calls itself', { region: 'a' }, { kind: 'invalid', message: expect.stringContaining('region') }],
    ['a seq below 0', { afterSeq: -1 }, { kind: 'invalid', message: expect.stringContaining('open.afterSeq') }],
    ['an address with a gap', { endpoint: 'a b:1' }, { message: expect.stringContaining('open.endpoint') }],
  ])('a watch: %s', async (_, change, expected) => {
    const { address } = await served(aSide('a'))
    const client = open(address, 0)
    const requests = new AsyncQueue<WatchPeerRequest>({ limit: 1 })
    requests.offer({ open: { ...good, afterSeq: 0, ...change } })
    expect(await refusal(client.watchPeer(requests))).toMatchObject(expected)
    client.close()
  })

  test.each<[string, FetchRequest, object]>([
    ['another job', { jobId: 'other' }, { reason: 'WRONG_JOB' }],
    ['another region meant', { fromRegion: 'b' }, { reason: 'WRONG_REGION' }],
    ['a stranger', { region: 'c' }, { kind: 'invalid' }],
    ['an offset beyond the end', { offset: 64 }, { message: expect.stringContaining('offset: 64 must be') }],
    ['a negative length', { length: -1 }, { message: expect.stringContaining('length: -1 must be') }],
    ['more than there is', { offset: 60, length: 5 }, { message: expect.stringContaining('from 1 to 4') }],
    ['an unknown payload', { sha256: 'f'.repeat(64) }, { kind: 'not-found', reason: 'OBJECT_GONE' }],
  ])('a fetch: %s', async (_, change, expected) => {
    const a = aSide('a')
    const bytes = pattern(64)
    a.shelf.put(hashOf(bytes), bytes)
    const { address } = await served(a)
    const client = open(address, 1)
    const request = { ...good, sha256: hashOf(bytes), offset: 0, length: 64, ...change }
    expect(await refusal(client.fetch(request))).toMatchObject(expected)
    client.close()
  })

  test.each<[string, WatchPeerRequest, RegExp]>([
    ['nothing', {}, /ack: is missing/],
    ['an acknowledgement below 0', { ack: { durableSeq: -4 } }, /ack\.durableSeq: -4/],
    ['a ping below 0', { ping: { number: -4 } }, /ping\.number: -4/],
  ])('a request after the first: %s', async (_, request, message) => {
    const { address } = await served(aSide('a'))
    const client = open(address, 0)
    const requests = new AsyncQueue<WatchPeerRequest>({ limit: 2 })
    requests.offer({ open: { ...good, afterSeq: 0 } })
    requests.offer(request)
    expect(await refusal(client.watchPeer(requests))).toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(message),
    })
    client.close()
  })

  test('the newer watch of a region ends the older', async () => {
    const { address } = await served(aSide('a'))
    const [first, second] = [open(address, 0), open(address, 0)]
    const opened = (): AsyncQueue<WatchPeerRequest> => {
      const requests = new AsyncQueue<WatchPeerRequest>({ limit: 1 })
      requests.offer({ open: { ...good, afterSeq: 0 } })
      return requests
    }
    const older = first.watchPeer(opened())[Symbol.asyncIterator]()
    expect((await older.next()).value).toMatchObject({ status: { incarnation: 7 } })
    const ending = older.next().then(
      () => 'a message',
      (error: unknown) => error,
    )
    const newer = second.watchPeer(opened())[Symbol.asyncIterator]()
    expect((await newer.next()).value).toMatchObject({ status: { incarnation: 7 } })
    expect(await ending).toMatchObject({ reason: 'STREAM_REPLACED' })
    first.close()
    second.close()
  })

  test.each(['unix:/run/x.sock:1', 'dns:x:1', 'host', 'a b:1', 'host:99999999', '//x:1', 'unix:1'])(
    'the address %s is not dialled',
    (endpoint) => {
      expect(() => open(endpoint, 0)).toThrow(/must be host:port/)
    },
  )
})
