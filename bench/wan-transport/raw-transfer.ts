// What a plain TCP connection gets through the relay: no gRPC, no checks, nothing but the link.
import { request } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '#runtime/clock.ts'
import type { Place } from './regions.ts'

/** Megabits per second of that many bytes, from the first one on. */
export async function rawMbit(clock: Clock, place: Place, bytes: number): Promise<number> {
  const socket = await connected(place)
  let received = 0
  let startedMs = 0
  let countedBytes = 0
  for await (const part of socket as AsyncIterable<Buffer>) {
    if (received === 0) startedMs = clock.monotonicMs()
    else countedBytes += part.length
    received += part.length
    if (received >= bytes) break
  }
  const seconds = (clock.monotonicMs() - startedMs) / 1000
  socket.destroy()
  return (countedBytes * 8) / 1e6 / seconds
}

function connected({ proxyPort, rawHost, rawPort }: Place): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path: `${rawHost}:${rawPort}` })
    asking.on('connect', (_response, socket, head) => {
      socket.on('error', () => {})
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    asking.on('error', reject)
    asking.end()
  })
}
