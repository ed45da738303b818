// Collects a request's body while there is room for it: what does not fit, alone or beside all others, is refused before it is read.
import type { IncomingMessage } from 'node:http'
import { GatewayFault } from './fault.ts'

export type BodyListener = {
  readonly onBody: (bytes: Buffer) => void
  readonly onFault: (fault: GatewayFault) => void
}

/** `hold` says whether there is memory for so many more bytes, and keeps them. A client that leaves is told nothing. */
export function readHttpBody(
  request: IncomingMessage,
  bytesMax: number,
  hold: (bytes: number) => boolean,
  listener: BodyListener,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  let isOver = false
  const fail = (fault: GatewayFault): void => {
    isOver = true
    chunks.length = 0
    listener.onFault(fault)
  }
  request.on('data', (chunk: Buffer) => {
    if (isOver) return
    bytes += chunk.length
    if (bytes > bytesMax) return fail(new GatewayFault('too-large', `the body has more than ${bytesMax} bytes`))
    if (!hold(chunk.length))
      return fail(
        new GatewayFault('overloaded', 'requests that wait have all the memory there is', { retryAfterMs: 1_000 }),
      )
    chunks.push(chunk)
  })
  request.on('end', () => {
    if (isOver) return
    isOver = true
    listener.onBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes))
  })
  request.on('error', () => {
    // Its connection broke; whoever holds the response hears of it.
    isOver = true
    chunks.length = 0
  })
}
