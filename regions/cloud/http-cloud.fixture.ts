// A cloud on loopback for tests: the SDKs' own clients talk HTTP to it, and the test says what it answers, or that it does not.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { Clock } from '#runtime/clock.ts'

export type CloudRequest = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
export type CloudAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string }
  /** Takes the request and never answers. */
  | 'silence'
  /** Ends the connection in the middle of an answer. */
  | 'cut'

export type HttpCloud = {
  readonly url: string
  readonly requests: readonly CloudRequest[]
  stop(): Promise<void>
}

export async function startCloud(answer: (request: CloudRequest) => CloudAnswer): Promise<HttpCloud> {
  const requests: CloudRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://cloud')
      const request: CloudRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      }
      requests.push(request)
      const answered = answer(request)
      if (answered === 'silence') return
      if (answered === 'cut') {
        outgoing.writeHead(200, { 'content-length': 1000 })
        outgoing.write('<half', () => outgoing.destroy())
        return
      }
      outgoing.writeHead(answered.status ?? 200, answered.headers)
      outgoing.end(answered.body)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Real deadlines, and pauses that are noted instead of waited for. */
export function impatientClock(clock: Clock, slept: number[], nowMs = Date.UTC(2026, 10, 22, 12)): Clock {
  return {
    now: () => nowMs,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
    sleep: (delayMs) => {
      slept.push(delayMs)
      return Promise.resolve()
    },
  }
}
