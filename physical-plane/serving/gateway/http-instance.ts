// Asks an instance over HTTP/1.1 on connections that stay open (undici). Bodies go through as they are.
import { Pool } from 'undici'
import { messageOf } from '#runtime/errors.ts'
import type { GatewayConfig } from './config.ts'
import type { InferBody } from './infer.ts'
import { outputTokensKey, tokensOf, type InstanceClient, type SendListener } from './instance-client.ts'

const noBytes = Buffer.alloc(0)

export class HttpInstance implements InstanceClient {
  readonly #pool: Pool
  readonly #config: GatewayConfig

  constructor(address: string, config: GatewayConfig) {
    this.#config = config
    this.#pool = new Pool(`http://${address}`, {
      connections: config.inFlightMax,
      pipelining: 1,
      connect: { timeout: config.connectTimeoutMs },
      keepAliveTimeout: config.instanceIdleMs,
      keepAliveMaxTimeout: config.instanceIdleMs,
      // The request's own deadline stands above both.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: config.headerBytesMax,
    })
  }

  send(modelName: string, body: InferBody, leftMs: number, listener: SendListener): () => void {
    const headers: Record<string, string> = {
      'content-type': body.jsonBytes === null ? 'application/json' : 'application/octet-stream',
      'x-request-timeout-ms': String(Math.max(1, Math.floor(leftMs))),
    }
    if (body.jsonBytes !== null) headers['inference-header-content-length'] = String(body.jsonBytes)
    return this.#exchange('POST', `/v2/models/${modelName}/infer`, headers, body.bytes, listener)
  }

  get(path: string, listener: SendListener): () => void {
    return this.#exchange('GET', path, {}, null, listener)
  }

  close(): void {
    void this.#pool.close().catch(() => {})
  }

  #exchange(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body: Buffer | null,
    listener: SendListener,
  ): () => void {
    const { answerBytesMax } = this.#config
    let isOver = false
    let isSent = false
    let status = 0
    let answerHeaders: Record<string, string | string[] | undefined> = {}
    const chunks: Buffer[] = []
    let bytes = 0
    let abort: (() => void) | null = null
    const fail = (because: string): void => {
      if (isOver) return
      isOver = true
      listener.onFailure({ kind: isSent ? 'died' : 'unsent', because })
    }
    this.#pool.dispatch(
      { method, path, headers, body },
      {
        onRequestStart: (controller) => {
          abort = () => controller.abort(takenBack)
          if (isOver) abort()
          else isSent = true
        },
        onResponseStart: (_controller, statusCode, given) => {
          status = statusCode
          answerHeaders = given
        },
        onResponseData: (controller, chunk) => {
          bytes += chunk.length
          if (bytes > answerBytesMax) {
            fail(`its answer has more than ${answerBytesMax} bytes`)
            controller.abort(takenBack)
          } else chunks.push(chunk)
        },
        onResponseEnd: () => {
          if (isOver) return
          isOver = true
          const whole = chunks.length === 1 ? chunks[0]! : chunks.length === 0 ? noBytes : Buffer.concat(chunks, bytes)
          // Told while it loads or ends, before anything is done with the request.
          if (status === 503) return listener.onFailure({ kind: 'not-taken', because: errorOf(whole) })
          listener.onAnswer({
            bytes: whole,
            jsonBytes: jsonBytesOf(answerHeaders['inference-header-content-length']),
            httpStatus: status,
            grpcStatus: 0,
            text: status === 200 ? '' : errorOf(whole),
            retryAfter: firstOf(answerHeaders['retry-after']),
            outputTokens: tokensOf(firstOf(answerHeaders[outputTokensKey])),
            metadata: null,
          })
        },
        onResponseError: (_controller, error) => {
          // A connection that could not be made fails before anything was sent.
          fail(messageOf(error))
        },
      },
    )
    return () => {
      if (isOver) return
      isOver = true
      abort?.()
    }
  }
}

const takenBack = new Error('the request was taken back')

function firstOf(value: string | string[] | undefined): string {
  return (typeof value === 'string' ? value : value?.[0]) ?? ''
}

function jsonBytesOf(value: string | string[] | undefined): number | null {
  const text = firstOf(value)
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** What a body of the protocol's errors says; its beginning where it is none. */
export function errorOf(body: Buffer): string {
  const text = body.subarray(0, 2_000).toString('utf8')
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return typeof error === 'string' ? error : text
  } catch {
    return text
  }
}
