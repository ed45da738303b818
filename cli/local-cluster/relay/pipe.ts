// Joins two sockets through two directed links, so that each direction has its own rate and delay. A receiver that does
// not read makes its sender wait; nothing piles up here beyond the limits of config.ts.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { receiverBytesMax } from './config.ts'
import type { ShapedLink } from './shaped-link.ts'

export type Direction = { readonly link: ShapedLink; readonly count: (bytes: number) => void }

/** Resolves when both directions have ended or either socket broke; both sockets are closed then. */
export async function pipe(near: Socket, far: Socket, there: Direction, back: Direction): Promise<void> {
  const broken = new AbortController()
  for (const socket of [near, far]) {
    socket.setNoDelay(true)
    socket.on('error', () => broken.abort())
    socket.once('close', () => {
      // One side may be done while its last bytes are still on their way to the other.
      if (!socket.readableEnded || !socket.writableFinished) broken.abort()
    })
  }
  try {
    await Promise.all([carry(near, far, there, broken.signal), carry(far, near, back, broken.signal)])
  } catch {
    // A broken connection is what the two ends are to see, and they see it by the close below.
  } finally {
    near.destroy()
    far.destroy()
  }
}

async function carry(source: Socket, target: Socket, { link, count }: Direction, broken: AbortSignal): Promise<void> {
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (target.writableLength > receiverBytesMax) await once(target, 'drain', { signal: broken })
    broken.throwIfAborted()
    await link.send(chunk.length, () => {
      if (target.destroyed) return
      count(chunk.length)
      target.write(chunk)
    })
  }
  // The end of the stream travels behind the last byte.
  await new Promise<void>((resolve, reject) => {
    broken.addEventListener('abort', () => reject(broken.reason as Error), { once: true })
    void link.send(0, () => target.end(resolve))
  })
}
