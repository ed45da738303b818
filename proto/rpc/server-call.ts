// One call on the server, the same for every method: decode, deadline, cancellation, status from errors by one table,
// one log line, metrics, back-pressure. The implementation sees plain values and an abort signal.
import { status as Code, type ServerUnaryCall } from '@grpc/grpc-js'
import type { Readable, Writable } from 'node:stream'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { settle } from '#runtime/virtual-clock.ts'
import { unaryDeadlineMsMax } from './config.ts'
import { toWireError, type WireError } from './errors.ts'
import type { CallContext } from './service.ts'
import { abortable, untilAborted, writeAll } from './streams.ts'

export type Method = MethodDefinition<object, object>
export type MethodFunction = (input: unknown, call: CallContext) => unknown
type Respond = (error: WireError | null, response?: Buffer) => void
/** What grpc-js hands to a handler: the four shapes in one, the stream parts only where the method has them. */
export type ServerCall = ServerUnaryCall<Buffer, Buffer> & Readable & Writable

export type ServerCallsOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly messageBytesMax: number
}

type LiveCall = { readonly controller: AbortController; readonly isStream: boolean }

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** The calls that a server has in hand, so that it can end them when it stops. */
export class ServerCalls {
  readonly #options: ServerCallsOptions
  readonly #live = new Set<LiveCall>()
  /** A call may arrive on an open connection after the stop has begun. */
  #isRefused: (call: LiveCall) => boolean = () => false
  #refusal: CloudlessError | null = null
  readonly #inFlight = new Map<string, number>()
  readonly #seconds
  readonly #inFlightGauge

  constructor(options: ServerCallsOptions) {
    this.#options = options
    const help = 'Duration of served calls'
    this.#seconds = options.metrics.histogram('cloudless_rpc_seconds', help, ['method', 'status'], secondsBuckets)
    this.#inFlightGauge = options.metrics.gauge('cloudless_rpc_in_flight', 'Calls being served', ['method'])
  }

  /** Ends streams (their callers open them again elsewhere), and with `all` unary calls too; from now on. */
  abort(reason: CloudlessError, which: 'streams' | 'all'): void {
    this.#isRefused = (call) => which === 'all' || call.isStream
    this.#refusal = reason
    for (const call of this.#live) if (this.#isRefused(call)) call.controller.abort(reason)
  }

  /** The function that grpc-js calls. It never rejects. */
  handler(method: Method, run: MethodFunction): (call: ServerCall, respond?: Respond) => Promise<void> {
    const name = method.path.slice(1)
    const isStream = method.requestStream || method.responseStream
    return async (call, respond) => {
      const { clock } = this.#options
      const startedMs = clock.monotonicMs()
      const live: LiveCall = { controller: new AbortController(), isStream }
      const deadlineAtMs = deadlineOf(call, isStream, clock)
      const stopWatching = watch(call, live.controller, deadlineAtMs, clock)
      const { signal } = live.controller
      const context: CallContext = { signal, deadlineAtMs, peer: peerOf(call) }
      this.#begin(name, live)
      let failure: unknown = null
      try {
        const response = await this.#run(method, run, call, context)
        stopWatching()
        if (method.responseStream) call.end()
        else respond?.(null, response!)
      } catch (error) {
        stopWatching()
        failure = signal.aborted ? signal.reason : error
        const wire = toWireError(failure)
        if (method.responseStream) call.emit('error', wire)
        else respond?.(wire)
      }
      this.#end(name, live, clock.monotonicMs() - startedMs, failure, context.peer)
    }
  }

  /** The encoded response of a method that answers once. */
  async #run(method: Method, run: MethodFunction, call: ServerCall, context: CallContext): Promise<Buffer | null> {
    const input = method.requestStream
      ? this.#requests(method, call, context.signal)
      : this.#decode(method, call.request)
    if (method.responseStream) {
      const responses = run(input, context) as AsyncIterable<object>
      await writeAll(responses, call, (response) => this.#encode(method, response), context.signal)
      return null
    }
    const response = await abortable(Promise.resolve(run(input, context) as Promise<object>), context.signal)
    return this.#encode(method, response)
  }

  async *#requests(method: Method, call: Readable, signal: AbortSignal): AsyncGenerator<object, undefined> {
    // A method may answer on after it has stopped reading, so the stream must outlive the loop.
    const source = call.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
    for await (const bytes of untilAborted(source, signal)) yield this.#decode(method, bytes)
    // Node's HTTP/2 client ends a stream before it resets it, so a cancelled upload looks complete for a moment. One turn
    // of the loop shows the reset that came with the end. One that comes later is not seen: check lengths and digests.
    await settle()
    signal.throwIfAborted()
  }

  #decode(method: Method, bytes: Buffer): object {
    try {
      return method.requestDeserialize(bytes)
    } catch (error) {
      const text = `the request of ${method.path.slice(1)} is not a valid message; use the same version of the contract`
      throw new CloudlessError('invalid', 'MALFORMED_MESSAGE', text, { cause: error })
    }
  }

  #encode(method: Method, response: object): Buffer {
    const bytes = method.responseSerialize(response)
    const { messageBytesMax } = this.#options
    if (bytes.length <= messageBytesMax) return bytes
    const text = `the response of ${method.path.slice(1)} has ${bytes.length} bytes, more than the limit of ${messageBytesMax}`
    throw new CloudlessError('exhausted', 'MESSAGE_TOO_LARGE', text)
  }

  #begin(name: string, live: LiveCall): void {
    this.#live.add(live)
    if (this.#isRefused(live)) live.controller.abort(this.#refusal)
    this.#count(name, 1)
  }

  #end(name: string, live: LiveCall, durationMs: number, failure: unknown, peer: string): void {
    this.#live.delete(live)
    this.#count(name, -1)
    const code = failure === null ? Code.OK : toWireError(failure).code
    const status = Code[code]
    this.#seconds.observe(durationMs / 1_000, { method: name, status })
    logCall(this.#options.log, code, failure, { method: name, status, ms: Math.round(durationMs * 10) / 10, peer })
  }

  #count(name: string, change: number): void {
    const inFlight = (this.#inFlight.get(name) ?? 0) + change
    this.#inFlight.set(name, inFlight)
    this.#inFlightGauge.set(inFlight, { method: name })
  }
}

function deadlineOf(call: ServerCall, isStream: boolean, clock: Clock): number | null {
  const asked = Number(call.getDeadline())
  const limit = isStream ? Number.POSITIVE_INFINITY : clock.now() + unaryDeadlineMsMax
  const deadlineAtMs = Math.min(asked, limit)
  return Number.isFinite(deadlineAtMs) ? deadlineAtMs : null
}

/** Aborts the call when its caller or its time is gone; the result stops that, because a sent status looks alike. */
function watch(call: ServerCall, controller: AbortController, deadlineAtMs: number | null, clock: Clock): () => void {
  const expire = (): void => controller.abort(new CloudlessError('deadline', 'DEADLINE_EXCEEDED', 'deadline exceeded'))
  const onCancelled = (): void => {
    // grpc-js has its own timer for the caller's deadline and reports it as a cancellation.
    if (deadlineAtMs !== null && clock.now() >= deadlineAtMs) return expire()
    controller.abort(new CloudlessError('cancelled', 'CANCELLED', 'the caller cancelled or went away'))
  }
  const timer = deadlineAtMs === null ? null : clock.after(Math.max(0, deadlineAtMs - clock.now()), expire)
  call.once('cancelled', onCancelled)
  return () => {
    timer?.cancel()
    call.removeListener('cancelled', onCancelled)
  }
}

function peerOf(call: ServerCall): string {
  const peer = call.getPeer()
  return peer === 'unknown' ? 'unix' : peer
}

function logCall(log: Log, code: Code, failure: unknown, fields: Readonly<Record<string, unknown>>): void {
  if (failure === null) return log.debug(fields, 'call served')
  const described = { ...fields, error: messageOf(failure) }
  if (code === Code.CANCELLED) return log.debug(described, 'call cancelled')
  if (code !== Code.INTERNAL) return log.info(described, 'call refused')
  log.error({ ...described, stack: failure instanceof Error ? failure.stack : undefined }, 'call failed')
}
