import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import { openClient } from '#proto/rpc/client.ts'
import { serve } from '#proto/rpc/serve.ts'
import { from } from '#proto/rpc/streams.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { parseRelayConfig, type RelayLink } from './config.ts'
import { carryOut } from './commands.ts'
import { startRelay, type Relay } from './relay.ts'

const clock = systemClock()
const hosts = { a: '127.0.0.11', b: '127.0.0.12' }

async function withRelay<T>(link: Partial<RelayLink>, use: (relay: Relay) => Promise<T>): Promise<T> {
  const shape = { mbitPerSecond: 1_000, roundTripMs: 2, ...link }
  const relay = await startRelay(
    {
      regions: Object.entries(hosts).map(([region, host]) => ({ region, host, port: 0 })),
      links: [
        { ...shape, from: 'a', to: 'b' },
        { ...shape, from: 'b', to: 'a' },
      ],
    },
    clock,
    silentLog,
  )
  try {
    return await use(relay)
  } finally {
    await relay.stop()
  }
}

/** A server in region b, for one function. */
async function withServer<T>(onSocket: (socket: Socket) => void, use: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, hosts.b)
  await once(server, 'listening')
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

type Opened = { readonly status: number; readonly socket: Socket }

function open(relay: Relay, target: string, region = 'a'): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: relay.ports[region] ?? 0, method: 'CONNECT', path: target })
    asking.on('connect', (response, socket, head) => {
      socket.on('error', () => {})
      if (head.length > 0) socket.unshift(head)
      resolve({ status: response.statusCode ?? 0, socket })
    })
    asking.on('error', reject)
    asking.end()
  })
}

const echo = (socket: Socket): void => void socket.pipe(socket)

describe('the relay', () => {
  test('carries bytes unchanged in both directions, half-closes and counts', async () => {
    await withServer(echo, (port) =>
      withRelay({}, async (relay) => {
        const { status, socket } = await open(relay, `${hosts.b}:${port}`)
        expect(status).toBe(200)
        const sent = randomBytes(3_000_000)
        socket.end(sent)
        const hash = createHash('sha256')
        for await (const part of socket) hash.update(part as Buffer)
        expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
        expect(relay.stats()).toEqual([
          { from: 'a', to: 'b', bytes: sent.length, cut: null },
          { from: 'b', to: 'a', bytes: sent.length, cut: null },
        ])
      }),
    )
  })

  test('a round trip takes at least what the links say', async () => {
    await withServer(echo, (port) =>
      withRelay({ roundTripMs: 60 }, async (relay) => {
        const startedMs = clock.monotonicMs()
        const { socket } = await open(relay, `${hosts.b}:${port}`)
        socket.write('x')
        await once(socket, 'data')
        // Connecting is one round trip, the echo another; timers may fire a millisecond early.
        expect(clock.monotonicMs() - startedMs).toBeGreaterThan(115)
        socket.destroy()
      }),
    )
  })

  test('the rate holds for all connections of a link together', async () => {
    const bytes = 200_000
    const send = (socket: Socket): void => void socket.end(Buffer.alloc(bytes))
    await withServer(send, (port) =>
      withRelay({ mbitPerSecond: 16 }, async (relay) => {
        const startedMs = clock.monotonicMs()
        const received = await Promise.all(
          [1, 2, 3].map(async () => {
            const { socket } = await open(relay, `${hosts.b}:${port}`)
            let length = 0
            for await (const part of socket) length += (part as Buffer).length
            return length
          }),
        )
        expect(received).toEqual([bytes, bytes, bytes])
        // 600 kB at 2 MB/s are 300 ms; unshaped they would take a few.
        expect(clock.monotonicMs() - startedMs).toBeGreaterThan(250)
      }),
    )
  })

  test('a receiver that does not read stops the sender instead of filling the relay', async () => {
    let written = 0
    const pour = (socket: Socket): void => {
      const block = Buffer.alloc(65_536)
      const more = (): void => {
        while (written < 100e6 && socket.write(block)) written += block.length
      }
      socket.on('drain', more)
      more()
    }
    await withServer(pour, (port) =>
      withRelay({ mbitPerSecond: 10_000 }, async (relay) => {
        const { socket } = await open(relay, `${hosts.b}:${port}`)
        socket.pause()
        for (let before = -1; before !== written; before = written, await clock.sleep(100));
        expect(written).toBeLessThan(50e6)
        socket.destroy()
      }),
    )
  })

  test('what has no road is refused with a reason', async () => {
    await withRelay({}, async (relay) => {
      for (const target of ['10.0.0.1:80', 'b', `${hosts.b}:0`, `${hosts.b}:99999`, `${hosts.a}:80`, `${hosts.b}:1`]) {
        const { status, socket } = await open(relay, target)
        expect([target, status]).toEqual([target, 502])
        const parts: Buffer[] = []
        for await (const part of socket) parts.push(part as Buffer)
        expect(Buffer.concat(parts).toString()).toMatch(/region|HOST:PORT|no link|ECONNREFUSED/)
      }
    })
  })

  test('a cut breaks connections and refuses new ones until it is restored', async () => {
    await withServer(echo, (port) =>
      withRelay({}, async (relay) => {
        const target = `${hosts.b}:${port}`
        const { socket } = await open(relay, target)
        relay.cut('b', 'a')
        await once(socket, 'close')
        expect((await open(relay, target)).status).toBe(502)
        relay.restore('b', 'a')
        const again = await open(relay, target)
        expect(again.status).toBe(200)
        again.socket.destroy()
      }),
    )
  })

  test('behind a silent cut bytes wait, and arrive once it is restored', async () => {
    await withServer(echo, (port) =>
      withRelay({}, async (relay) => {
        const { socket } = await open(relay, `${hosts.b}:${port}`)
        relay.cut('a', 'b', 'silent')
        let received = ''
        socket.on('data', (data: Buffer) => (received += data.toString()))
        socket.write('patience')
        await clock.sleep(80)
        expect(received).toBe('')
        relay.restore('a', 'b')
        await expect.poll(() => received).toBe('patience')
        socket.destroy()
      }),
    )
  })

  test('grpc-js uses it by grpc_proxy for ip:port targets, and not for those in no_grpc_proxy', async () => {
    const server = await serve({
      services: {
        'cloudless.v1.PeerService': {
          async *watchPeer(requests) {
            for await (const { ping } of requests) yield { pong: ping ?? { number: 0 } }
          },
          async *fetch() {},
        },
      },
      listen: { host: hosts.b, port: 0 },
      clock,
      log: silentLog,
      metrics: createMetrics(),
    })
    const before = { proxy: process.env['grpc_proxy'], noProxy: process.env['no_grpc_proxy'] }
    try {
      await withRelay({}, async (relay) => {
        const ask = async (): Promise<number> => {
          const client = openClient<PeerServiceHandlers>('cloudless.v1.PeerService', server.address, { clock })
          try {
            for await (const { pong } of client.watchPeer(from([{ ping: { number: 7 } }]))) return pong!.number
            return 0
          } finally {
            client.close()
          }
        }
        process.env['grpc_proxy'] = `http://127.0.0.1:${relay.ports['a']}`
        expect(await ask()).toBe(7)
        expect(relay.stats()[0]!.bytes).toBeGreaterThan(0)
        relay.cut('a', 'b')
        await expect(ask()).rejects.toMatchObject({ kind: 'unavailable' })
        process.env['no_grpc_proxy'] = hosts.b
        expect(await ask()).toBe(7)
      })
    } finally {
      restoreVariable('grpc_proxy', before.proxy)
      restoreVariable('no_grpc_proxy', before.noProxy)
      await server.stop(0)
    }
  })
})

function restoreVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

describe('commands', () => {
  test('cut, restore and stats by line of JSON', async () => {
    await withRelay({}, async (relay) => {
      expect(carryOut(relay, '{"id":1,"command":"cut","from":"a","to":"b","kind":"silent"}')).toEqual({
        id: 1,
        ok: true,
      })
      expect(carryOut(relay, '{"command":"stats"}')).toMatchObject({ links: [{ cut: 'silent' }, { cut: null }] })
      expect(carryOut(relay, '{"command":"restore","from":"a","to":"b"}')).toEqual({ ok: true })
      expect(carryOut(relay, '{"command":"stats"}')).toMatchObject({ links: [{ cut: null }, { cut: null }] })
    })
  })

  test.each([
    ['nonsense', /JSON/],
    ['{"command":"explode"}', /command/],
    ['{"command":"cut","from":"a"}', /to/],
    ['{"command":"cut","from":"a","to":"nowhere"}', /link a -> nowhere does not exist/],
    ['{"command":"stats","more":1}', /more/],
  ])('%s is refused', async (line, expected) => {
    await withRelay({}, async (relay) => {
      const answer = carryOut(relay, line)
      expect(answer.ok).toBe(false)
      expect(answer['error']).toMatch(expected)
    })
  })
})

describe('configuration', () => {
  const region = { region: 'a', host: '127.0.0.11' }
  const link = { from: 'a', to: 'b', mbitPerSecond: 100, roundTripMs: 30 }

  test('what is right is taken, ports default to free ones', () => {
    const config = parseRelayConfig(JSON.stringify({ regions: [region], links: [link] }), 'links.json')
    expect(config).toEqual({ regions: [{ ...region, port: 0 }], links: [link] })
  })

  test.each([
    ['{', /links.json is not JSON/],
    [{ regions: [], links: [] }, /regions/],
    [{ regions: [region, region], links: [] }, /a is there twice.*127.0.0.11/],
    [{ regions: [region], links: [{ ...link, mbitPerSecond: 0 }] }, /links.0.mbitPerSecond/],
    [{ regions: [region], links: [link, link] }, /a -> b is there twice/],
    [{ regions: [{ ...region, host: 'localhost' }], links: [] }, /regions.0.host/],
    [{ regions: [region], links: [], speed: 1 }, /speed/],
  ])('%j is refused', (value, expected) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    expect(() => parseRelayConfig(text, 'links.json')).toThrow(expected)
  })
})
