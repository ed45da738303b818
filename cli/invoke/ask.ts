// One request to a gateway, as any client of the Open Inference Protocol makes it, and what its refusals mean here.
import { Pool, type Dispatcher } from 'undici'
import { CloudlessError, messageOf, type ErrorKind } from '#runtime/errors.ts'
import { limits } from '../config.ts'
import type { TensorDeclared } from './request-body.ts'

export type Answer = {
  readonly status: number
  readonly outputs: readonly Output[]
  readonly milliseconds: number
}

export type Output = {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
}

export type AskOptions = { readonly timeoutMs: number; readonly signal: AbortSignal; readonly nowMs: () => number }

/** To one gateway; connections are kept. Close it with `close()`. */
export function openPool(address: string, connections: number): Pool {
  return new Pool(`http://${address}`, { connections, pipelining: 1, keepAliveTimeout: 30_000, connectTimeout: 10_000 })
}

/** What it declares, nothing where it declares nothing or does not answer: then the values say what they are. */
export async function declaredInputs(
  pool: Pool,
  name: string,
  options: AskOptions,
): Promise<readonly TensorDeclared[]> {
  const path = `/v2/models/${name}`
  const { statusCode, body } = await sent(pool, { path, method: 'GET', headersTimeout: options.timeoutMs }, options)
  const { inputs } = parsed(await textOf(body)) as { inputs?: readonly TensorDeclared[] }
  return statusCode === 200 && Array.isArray(inputs) ? inputs : []
}

export async function infer(pool: Pool, name: string, body: string, options: AskOptions): Promise<Answer> {
  const beganMs = options.nowMs()
  const request: Dispatcher.RequestOptions = {
    path: `/v2/models/${name}/infer`,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-timeout-ms': String(options.timeoutMs) },
    body,
    // The gateway keeps the time; this is for one that does not answer at all.
    headersTimeout: options.timeoutMs + 5_000,
    bodyTimeout: options.timeoutMs + 5_000,
  }
  const { statusCode, headers, body: stream } = await sent(pool, request, options)
  const answer = parsed(await textOf(stream)) as { outputs?: readonly Output[]; error?: unknown }
  if (statusCode !== 200 || !Array.isArray(answer.outputs)) throw refusal(name, statusCode, answer.error, headers)
  return { status: statusCode, outputs: answer.outputs, milliseconds: options.nowMs() - beganMs }
}

async function sent(
  pool: Pool,
  request: Dispatcher.RequestOptions,
  { signal }: AskOptions,
): Promise<Dispatcher.ResponseData> {
  try {
    return await pool.request({ ...request, signal })
  } catch (error) {
    if (signal.aborted) throw new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted', { cause: error })
    throw new CloudlessError('unavailable', 'NO_GATEWAY', `the gateway does not answer: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > limits.answerBytesMax)
      throw new CloudlessError('exhausted', 'TOO_LARGE', `the answer has more than ${limits.answerBytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return { error: text.slice(0, 1000) }
  }
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid',
  404: 'not-found',
  408: 'deadline',
  413: 'exhausted',
  429: 'exhausted',
  499: 'cancelled',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline',
}

function refusal(name: string, status: number, error: unknown, headers: Dispatcher.ResponseData['headers']): Error {
  const said = typeof error === 'string' && error !== '' ? error : 'no reason was given'
  const again = headers['retry-after'] === undefined ? '' : `; try again in ${String(headers['retry-after'])} s`
  return new CloudlessError(kinds[status] ?? 'internal', `HTTP_${status}`, `${name} answers ${status}: ${said}${again}`)
}
