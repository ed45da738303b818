// Goodput of one stream between two regions 150 ms apart: fetched by a client as parameter servers open it, with a raised
// HTTP/2 window, and by one as grpc-js makes it, through the same relay in the same run. The link's rate is well above either.
import { createHash } from 'node:crypto'
import { startRelay } from '#cli/local-cluster/relay/relay.ts'
import { peerOpener } from '#physical-plane/parameter-server/peers/open-peer.ts'
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import { allocatePayload, Assembler, cut } from '#proto/rpc/chunks.ts'
import { openClient } from '#proto/rpc/client.ts'
import { serve } from '#proto/rpc/serve.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { assert, present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { notFound } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const roundTripMs = 150
const mbitPerSecond = 1_000
const payloadBytes = 45_000_000
/** The default window needs two minutes for all of it; its rate is steady after the first round trips. */
const payloadBytesDefault = 1_500_000
const repetitions = 3

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  return overTheRelay(clock, async (pull) => {
    const raised: number[] = []
    for (let i = 0; i < repetitions; i++) {
      raised.push(await pull(payloadBytes, 'ours'))
      note(`raised window: ${payloadBytes / 1e6} MB at ${raised.at(-1)!.toFixed(1)} Mbit/s`)
    }
    const unpatched = await pull(payloadBytesDefault, 'default')
    note(`default window: ${payloadBytesDefault / 1e6} MB at ${unpatched.toFixed(1)} Mbit/s`)
    const median = raised.toSorted((a, b) => a - b)[Math.floor(repetitions / 2)]!
    return {
      mbit_s: median,
      mbit_s_default: unpatched,
      ratio: median / unpatched,
      mbit_s_all: raised,
      round_trip_ms: roundTripMs,
      payload_bytes: payloadBytes,
      payload_bytes_default: payloadBytesDefault,
    }
  })
}

/** Whose client fetches: as parameter servers open it, or as grpc-js makes it. */
export type Window = 'ours' | 'default'
/** Fetches a payload once over one stream and returns megabits per second, connection included. */
export type Pull = (payloadBytes: number, window: Window) => Promise<number>

/** A parameter server in region "b" and the relay that leads to it, for the time of `use`. */
export async function overTheRelay<T>(clock: Clock, use: (pull: Pull) => Promise<T>): Promise<T> {
  const payload = pattern(payloadBytes)
  const shape = { mbitPerSecond, roundTripMs }
  const relay = await startRelay(
    {
      regions: [
        { region: 'a', host: '127.0.0.11', port: 0 },
        { region: 'b', host: '127.0.0.12', port: 0 },
      ],
      links: [
        { from: 'a', to: 'b', ...shape },
        { from: 'b', to: 'a', ...shape },
      ],
    },
    clock,
    silentLog,
  )
  const server = await serve({
    services: { 'cloudless.v1.PeerService': sender(payload) },
    listen: { host: '127.0.0.12', port: 0 },
    clock,
    log: silentLog,
    metrics: createMetrics(),
  })
  try {
    return await use((bytes, window) =>
      pullOnce(clock, server.address, present(relay.ports['a'], 'port'), bytes, window),
    )
  } finally {
    await server.stop(0)
    await relay.stop()
  }
}

async function pullOnce(
  clock: Clock,
  address: string,
  proxyPort: number,
  bytes: number,
  window: Window,
): Promise<number> {
  const client = throughProxy(proxyPort, () =>
    window === 'ours'
      ? peerOpener(clock)(address, 1)
      : openClient<PeerServiceHandlers>('cloudless.v1.PeerService', address, { clock }),
  )
  const startedMs = clock.monotonicMs()
  try {
    const offset = payloadBytes - bytes
    const target = allocatePayload(payloadBytes, payloadBytes, 'the payload')
    const assembler = new Assembler(target, offset)
    for await (const { chunk } of client.fetch({ offset, length: bytes })) assembler.add(present(chunk, 'chunk'))
    assembler.finish()
    const seconds = (clock.monotonicMs() - startedMs) / 1_000
    if (bytes === payloadBytes) assert(digest(target) === digest(pattern(payloadBytes)), 'the payload arrived changed')
    return (bytes * 8) / 1e6 / seconds
  } finally {
    client.close()
  }
}

/** One stream of whatever length: the product's own service would cut it into several. */
function sender(payload: Uint8Array): Implementation<PeerServiceHandlers> {
  return {
    watchPeer: () => {
      throw notFound('watch', 'in this benchmark')
    },
    async *fetch({ offset, length }) {
      for await (const chunk of cut(payload.subarray(0, offset + length), { fromOffset: offset })) yield { chunk }
    },
  }
}

/** grpc-js reads the proxy from the environment when a channel is made. */
function throughProxy<T>(port: number, open: () => T): T {
  const before = process.env['grpc_proxy']
  process.env['grpc_proxy'] = `http://127.0.0.1:${port}`
  try {
    return open()
  } finally {
    if (before === undefined) delete process.env['grpc_proxy']
    else process.env['grpc_proxy'] = before
  }
}

function pattern(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i * 2_654_435_761) >>> 24)
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
