// The REST form of the Open Inference Protocol (KServe v2) for all functions and pipelines behind one port. Bodies are not looked into.
// A client that is slow, silent, too large or wrong is told so in the protocol's own form and holds nothing for longer than it may.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Address } from '#runtime/serve-metrics.ts'
import { Dispatcher } from './dispatcher.ts'
import { GatewayFault } from './fault.ts'
import type { Gateway } from './gateway.ts'
import type { HttpInstance } from './http-instance.ts'
import { outputTokensKey, type InstanceAnswer } from './instance-client.ts'
import { readHttpBody } from './read-http-body.ts'

export type HttpFrontOptions = {
  readonly gateway: Gateway
  readonly listen: Address
  readonly version: string
  /** Told to clients as their last answer while the gateway ends. */
  readonly isEnding: () => boolean
}

export type Front = {
  /** host:port */
  readonly address: string
  /** Takes no more connections; resolves when those there are have ended or `force` was called. */
  close(): Promise<void>
  force(): void
}

export async function openHttpFront(options: HttpFrontOptions): Promise<Front> {
  const { config } = options.gateway
  const server = createServer({
    headersTimeout: config.headersTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: config.connectionIdleMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: config.headerBytesMax,
    noDelay: true,
  })
  server.maxConnections = config.connectionsMax
  // A connection that neither side says anything on, in the middle of an answer above all.
  server.timeout = config.timeoutMsMax + config.connectionIdleMs
  const front = new HttpFront(options)
  server.on('request', (request, response) => front.serve(request, response))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (front.refusesLength(request, response)) return
    response.writeContinue()
    front.serve(request, response)
  })
  server.on('clientError', refuseGarbage)
  await listen(server, options.listen)
  const { port } = server.address() as AddressInfo
  const { host } = options.listen
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
    force: () => server.closeAllConnections(),
  }
}

type Passed = Pick<InstanceAnswer, 'httpStatus' | 'bytes' | 'jsonBytes'> &
  Partial<Pick<InstanceAnswer, 'retryAfter' | 'outputTokens'>>

class HttpFront {
  readonly #gateway: Gateway
  readonly #version: string
  readonly #isEnding: () => boolean

  constructor({ gateway, version, isEnding }: HttpFrontOptions) {
    this.#gateway = gateway
    this.#version = version
    this.#isEnding = isEnding
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#route(request, response)
    } catch (error) {
      const fault = error instanceof GatewayFault ? error : new GatewayFault('internal', messageOf(error))
      this.#refuse(request, response, fault)
    }
  }

  /** True when it has answered, as the body would be too large. */
  refusesLength(request: IncomingMessage, response: ServerResponse): boolean {
    const length = Number(request.headers['content-length'] ?? 0)
    const { bodyBytesMax } = this.#gateway.config
    if (length <= bodyBytesMax) return false
    const text = `the body has ${length} bytes; send at most ${bodyBytesMax}`
    this.#refuse(request, response, new GatewayFault('too-large', text))
    return true
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request.url ?? '/')
    const inModels = path.startsWith('/v2/models/') ? path.slice('/v2/models/'.length).split('/') : null
    if (inModels !== null) return this.#routeModel(request, response, withoutVersion(inModels))
    expect(request, 'GET', path)
    switch (path) {
      case '/v2':
        return this.#tell(response, { name: 'cloudless', version: this.#version, extensions: ['binary_tensor_data'] })
      case '/v2/health/live':
        return this.#tell(response, { live: true })
      case '/v2/health/ready':
        if (this.#isEnding()) throw new GatewayFault('cold', 'the gateway is about to end', { retryAfterMs: 1_000 })
        return this.#tell(response, { ready: true })
    }
    throw new GatewayFault('unknown', `${path.slice(0, 200)} is not here; functions are asked at /v2/models/NAME/infer`)
  }

  #routeModel(request: IncomingMessage, response: ServerResponse, [name = '', what = '', more]: string[]): void {
    if (more === undefined && what === 'infer') {
      expect(request, 'POST', `/v2/models/${name}/infer`)
      return this.#infer(request, response, name)
    }
    if (this.#gateway.find(name) === null) throw this.#gateway.unknown(name)
    if (more !== undefined || (what !== '' && what !== 'ready'))
      throw new GatewayFault(
        'unknown',
        `${(request.url ?? '').slice(0, 200)} is not here; ${name} has /infer and /ready`,
      )
    expect(request, 'GET', `/v2/models/${name}`)
    if (what === 'ready') {
      if (this.#gateway.isReady(name)) return this.#tell(response, { name, ready: true })
      throw new GatewayFault('cold', `no instance of ${name} answers now`, { retryAfterMs: 1_000 })
    }
    this.#metadata(request, response, name)
  }

  #infer(request: IncomingMessage, response: ServerResponse, name: string): void {
    const gateway = this.#gateway
    const found = gateway.find(name)
    if (found === null) throw gateway.unknown(name)
    if (this.refusesLength(request, response)) return
    const leftMs = timeoutOf(request, gateway.config.timeoutMsMax)
    const jsonBytes = jsonBytesOf(request)
    // A large body is not worth receiving for a line that is full.
    const isLarge = Number(request.headers['content-length'] ?? Infinity) > 64 * 1024
    const refusal = isLarge && found instanceof Dispatcher ? found.refusal(leftMs ?? found.route.timeoutMs) : null
    if (refusal !== null) throw refusal
    let takeBack: (() => void) | null = null
    let heldBytes = 0
    let hasClosed = false
    // Also how an answer ends that was sent as a whole; then there is nothing to take back.
    response.once('close', () => {
      hasClosed = true
      gateway.held.give(name, heldBytes)
      takeBack?.()
    })
    const hold = (bytes: number): boolean => {
      if (!gateway.held.take(name, bytes)) return false
      heldBytes += bytes
      return true
    }
    readHttpBody(request, gateway.config.bodyBytesMax, hold, {
      onBody: (bytes) => {
        if (hasClosed) return
        if (jsonBytes !== null && jsonBytes > bytes.length) {
          const text = `inference-header-content-length is ${jsonBytes}, but the body has ${bytes.length} bytes`
          return this.#refuse(request, response, new GatewayFault('malformed', text))
        }
        takeBack = gateway.ask(name, { protocol: 'http', bytes, jsonBytes }, leftMs, {
          onAnswer: (answer) => {
            takeBack = null
            this.#pass(response, answer)
          },
          onFault: (fault) => {
            takeBack = null
            this.#refuse(request, response, fault)
          },
        })
      },
      onFault: (fault) => this.#refuse(request, response, fault),
    })
  }

  /** An instance knows best what it takes and gives. */
  #metadata(request: IncomingMessage, response: ServerResponse, name: string): void {
    const found = this.#gateway.find(name)
    const slot = found instanceof Dispatcher ? found.slots[0] : undefined
    if (found !== null && !(found instanceof Dispatcher))
      return this.#tell(response, { name, versions: ['1'], platform: 'cloudless_pipeline', inputs: [], outputs: [] })
    if (slot === undefined)
      throw new GatewayFault('cold', `no instance of ${name} answers now`, { retryAfterMs: 1_000 })
    const client = slot.client('http') as HttpInstance
    const takeBack = client.get(`/v2/models/${name}`, {
      onAnswer: (answer) => this.#pass(response, answer),
      onFailure: ({ because }) => this.#refuse(request, response, new GatewayFault('instance-died', because)),
    })
    response.once('close', takeBack)
  }

  #pass(response: ServerResponse, answer: Passed): void {
    const { httpStatus, bytes, jsonBytes, retryAfter = '', outputTokens = null } = answer
    if (response.headersSent || response.destroyed) return
    const headers: Record<string, string | number> = {
      'content-type': jsonBytes === null ? 'application/json' : 'application/octet-stream',
      'content-length': bytes.length,
    }
    if (jsonBytes !== null) headers['inference-header-content-length'] = jsonBytes
    if (retryAfter !== '') headers['retry-after'] = retryAfter
    if (outputTokens !== null) headers[outputTokensKey] = outputTokens
    if (this.#isEnding()) headers['connection'] = 'close'
    response.writeHead(httpStatus, headers)
    response.end(bytes)
  }

  #tell(response: ServerResponse, content: object): void {
    const bytes = Buffer.from(JSON.stringify(content))
    this.#pass(response, { httpStatus: 200, bytes, jsonBytes: null })
  }

  #refuse(request: IncomingMessage, response: ServerResponse, fault: GatewayFault): void {
    if (response.headersSent || response.destroyed) return
    const bytes = Buffer.from(JSON.stringify({ error: fault.message }))
    const headers: Record<string, string | number> = {
      'content-type': 'application/json',
      'content-length': bytes.length,
    }
    if (fault.retryAfterMs !== null) headers['retry-after'] = Math.max(1, Math.ceil(fault.retryAfterMs / 1_000))
    // What is still to come of its body is not wanted.
    const isWhole = request.complete
    if (!isWhole || this.#isEnding()) headers['connection'] = 'close'
    response.writeHead(fault.httpStatus, headers)
    response.end(bytes)
    if (!isWhole) request.resume()
  }
}

function expect({ method }: IncomingMessage, wanted: string, path: string): void {
  if (method === wanted) return
  const text = `${String(method).slice(0, 20)} is not for ${path.slice(0, 200)}; use ${wanted}`
  throw new GatewayFault('malformed', text, { httpStatus: 405 })
}

function pathOf(url: string): string {
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** The only version of a function is the one that is deployed; clients know it as 1. */
function withoutVersion([name = '', word, version = '', ...rest]: string[]): string[] {
  if (word !== 'versions')
    return [name, ...(word === undefined ? [] : [word]), ...(version === '' ? [] : [version]), ...rest]
  if (version === '1') return [name, ...rest]
  throw new GatewayFault(
    'unknown',
    `${name} has no version ${JSON.stringify(version.slice(0, 40))}; leave it out or ask for 1`,
  )
}

function timeoutOf({ headers }: IncomingMessage, timeoutMsMax: number): number | null {
  const given = headers['x-request-timeout-ms']
  if (given === undefined) return null
  const ms = Number(given)
  if (ms > 0 && ms <= timeoutMsMax) return ms
  const text = `x-request-timeout-ms ${JSON.stringify(String(given).slice(0, 40))} must be a number up to ${timeoutMsMax}`
  throw new GatewayFault('malformed', text)
}

function jsonBytesOf({ headers }: IncomingMessage): number | null {
  const given = headers['inference-header-content-length']
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    throw new GatewayFault('malformed', 'bodies that are compressed are not understood; send them as they are', {
      httpStatus: 415,
    })
  if (given === undefined) return null
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given)
  throw new GatewayFault(
    'malformed',
    `inference-header-content-length ${String(given).slice(0, 40)} must be a number of bytes`,
  )
}

/** What is no HTTP, or takes too long to become a request: answered as far as that is possible, and closed. */
function refuseGarbage(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || (socket as Socket).bytesWritten > 0) return void socket.destroy()
  const [status, text] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'the request did not arrive in time']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'headers are too long; send fewer']
        : ['400 Bad Request', 'this is no HTTP/1.1 request']
  const body = JSON.stringify({ error: text })
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`
  socket.end(`${head}\r\n\r\n${body}`)
}

async function listen(server: Server, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const text = `cannot listen on ${host}:${port}: ${error.message}; choose another address or stop what uses it`
      reject(new CloudlessError('conflict', 'CANNOT_LISTEN', text, { cause: error }))
    })
    server.listen(port, host, 4_096, resolve)
  })
}
