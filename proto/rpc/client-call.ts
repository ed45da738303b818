// The four shapes of a call as seen by the caller. Messages are encoded here, before grpc-js sees them, so that a broken
// or oversized one fails with a clear error and without a connection.
import { Metadata, type Client, type ServiceError } from '@grpc/grpc-js'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { fromWireError } from './errors.ts'
import type { Method } from './server-call.ts'
import type { CallOptions } from './service.ts'
import { untilAborted, writeAll } from './streams.ts'

export type Target = {
  readonly client: Client
  readonly address: string
  readonly clock: Clock
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal
  readonly unaryDeadlineMs: number
  readonly messageBytesMax: number
}

type Cancellable = { cancel(): void }

export function unaryCall(target: Target, method: Method) {
  return (request: object, options: CallOptions = {}): Promise<object> =>
    new Promise((resolve, reject) => {
      const signal = signalOf(target, options)
      signal.throwIfAborted()
      const bytes = encode(target, method, request)
      const deadlineMs = options.deadlineMs ?? target.unaryDeadlineMs
      const call = target.client.makeUnaryRequest(
        method.path,
        asIs,
        decoder(method),
        bytes,
        new Metadata(),
        { deadline: target.clock.now() + deadlineMs },
        settle(target, method, signal, () => stop(), resolve, reject),
      )
      const stop = cancelOn(signal, call)
    })
}

export function clientStreamingCall(target: Target, method: Method) {
  return (requests: AsyncIterable<object>, options: CallOptions = {}): Promise<object> =>
    new Promise((resolve, reject) => {
      const signal = signalOf(target, options)
      signal.throwIfAborted()
      const over = new AbortController()
      let sendError: unknown = null
      const done = settle(
        target,
        method,
        signal,
        () => {
          stop()
          over.abort(new CloudlessError('cancelled', 'CALL_OVER', 'the call is over'))
        },
        resolve,
        (error) => reject(sendError ?? error),
      )
      const metadata = new Metadata()
      const call = target.client.makeClientStreamRequest(
        method.path,
        asIs,
        decoder(method),
        metadata,
        deadlineOf(target, options),
        done,
      )
      const stop = cancelOn(signal, call)
      send(target, method, requests, call, over.signal, (error) => (sendError = error))
    })
}

export function serverStreamingCall(target: Target, method: Method) {
  return async function* (request: object, options: CallOptions = {}): AsyncGenerator<object, undefined> {
    const signal = signalOf(target, options)
    signal.throwIfAborted()
    const bytes = encode(target, method, request)
    const call = target.client.makeServerStreamRequest(
      method.path,
      asIs,
      decoder(method),
      bytes,
      new Metadata(),
      deadlineOf(target, options),
    )
    yield* receive(target, method, call, signal, () => null)
  }
}

export function bidirectionalCall(target: Target, method: Method) {
  return async function* (
    requests: AsyncIterable<object>,
    options: CallOptions = {},
  ): AsyncGenerator<object, undefined> {
    const signal = signalOf(target, options)
    signal.throwIfAborted()
    const over = new AbortController()
    const metadata = new Metadata()
    const call = target.client.makeBidiStreamRequest(
      method.path,
      asIs,
      decoder(method),
      metadata,
      deadlineOf(target, options),
    )
    let sendError: unknown = null
    send(target, method, requests, call, over.signal, (error) => (sendError = error))
    try {
      yield* receive(target, method, call, signal, () => sendError)
    } finally {
      over.abort(new CloudlessError('cancelled', 'CALL_OVER', 'the call is over'))
    }
  }
}

async function* receive(
  target: Target,
  method: Method,
  call: Readable & Cancellable,
  signal: AbortSignal,
  sendError: () => unknown,
): AsyncGenerator<object, undefined> {
  // A cancelled call reports that as an error, long after anybody listens.
  call.on('error', () => {})
  try {
    const responses = call.iterator({ destroyOnReturn: false }) as AsyncIterable<object>
    yield* untilAborted(responses, signal)
  } catch (error) {
    throw sendError() ?? (signal.aborted ? cancelled(signal) : describe(error, target, method))
  } finally {
    call.cancel()
  }
}

/** Sends in the background. A source that fails ends the call, and the caller gets the source's error. */
function send(
  target: Target,
  method: Method,
  requests: AsyncIterable<object>,
  call: Writable & Cancellable,
  over: AbortSignal,
  onError: (error: unknown) => void,
): void {
  call.on('error', () => {})
  writeAll(requests, call, (request) => encode(target, method, request), over).then(
    () => call.end(),
    (error: unknown) => {
      if (over.aborted) return
      onError(error)
      call.cancel()
    },
  )
}

function settle(
  target: Target,
  method: Method,
  signal: AbortSignal,
  stop: () => void,
  resolve: (response: object) => void,
  reject: (error: unknown) => void,
): (error: ServiceError | null, response?: object) => void {
  return (error, response) => {
    stop()
    if (error === null) resolve(response!)
    else reject(signal.aborted ? cancelled(signal) : describe(error, target, method))
  }
}

function signalOf(target: Target, options: CallOptions): AbortSignal {
  return options.signal === undefined ? target.closed : AbortSignal.any([target.closed, options.signal])
}

function cancelOn(signal: AbortSignal, call: Cancellable): () => void {
  const cancel = (): void => call.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}

function deadlineOf(target: Target, options: CallOptions): { deadline?: number } {
  return options.deadlineMs === undefined ? {} : { deadline: target.clock.now() + options.deadlineMs }
}

function cancelled(signal: AbortSignal): CloudlessError {
  const { reason } = signal as { reason: unknown }
  if (reason instanceof CloudlessError) return reason
  return new CloudlessError('cancelled', 'CANCELLED', 'the call was cancelled', { cause: reason })
}

function describe(error: unknown, target: Target, method: Method): unknown {
  if (error instanceof CloudlessError) return error
  const isStatus = error instanceof Error && 'code' in error && typeof error.code === 'number'
  return isStatus ? fromWireError(error as ServiceError, target.address, method.path.slice(1)) : error
}

function encode(target: Target, method: Method, request: object): Buffer {
  const name = method.path.slice(1)
  let bytes: Buffer
  try {
    bytes = method.requestSerialize(request)
  } catch (error) {
    throw new CloudlessError('invalid', 'MALFORMED_MESSAGE', `${name}: ${messageOf(error)}`, { cause: error })
  }
  if (bytes.length <= target.messageBytesMax) return bytes
  const text = `the request of ${name} has ${bytes.length} bytes, more than the limit of ${target.messageBytesMax}; send less in one message`
  throw new CloudlessError('exhausted', 'MESSAGE_TOO_LARGE', text)
}

function asIs(bytes: Buffer): Buffer {
  return bytes
}

function decoder(method: Method): (bytes: Buffer) => object {
  return (bytes) => method.responseDeserialize(bytes)
}
