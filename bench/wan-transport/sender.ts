// The sending side of the transfers, a process of its own: per region a parameter server's service with one payload on its
// shelf, and a plain TCP server that sends bytes to whoever connects. Prints one line when it is ready.
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { aSide, hashOf, pattern } from '#physical-plane/parameter-server/peers/a-peer-side.ts'
import { createPeerService } from '#physical-plane/parameter-server/peers/peer-service.ts'
import { serve } from '#proto/rpc/serve.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'

export type SenderPlan = {
  readonly receiver: string
  readonly payloadBytes: number
  readonly senders: readonly { readonly region: string; readonly host: string }[]
}

export type SenderReady = {
  readonly sha256: string
  readonly senders: readonly { readonly endpoint: string; readonly rawPort: number }[]
}

const rawBlockBytes = 2 ** 20

if (import.meta.main) await main(JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as SenderPlan)

async function main({ receiver, payloadBytes, senders }: SenderPlan): Promise<void> {
  const payload = pattern(payloadBytes)
  const sha256 = hashOf(payload)
  const ready: SenderReady = {
    sha256,
    senders: await Promise.all(
      senders.map(async ({ region, host }) => {
        const side = aSide(region, [receiver, region])
        side.shelf.put(sha256, payload)
        const service = createPeerService({ side, jobId: 'wan-transport', log: silentLog })
        const { address } = await serve({
          services: { 'cloudless.v1.PeerService': service },
          listen: { host, port: 0 },
          clock: systemClock(),
          log: silentLog,
          metrics: createMetrics(),
        })
        return { endpoint: address, rawPort: await sendEndlessly(host) }
      }),
    ),
  }
  console.log(JSON.stringify(ready))
}

function sendEndlessly(host: string): Promise<number> {
  const block = Buffer.alloc(rawBlockBytes, 7)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const send = (): void => {
      while (!socket.destroyed && socket.write(block));
    }
    socket.on('drain', send)
    send()
  })
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port))
  })
}
