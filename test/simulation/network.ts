// The network of the simulator: the same service shapes as proto/rpc, over virtual time. Every message is encoded and
// decoded with the real contract, so that both sides see exactly what gRPC would give them. Links delay, and can be
// cut; a cut or a crash ends the streams between two nodes with `unavailable`, as TCP would after its time-out.
// Bytes inside a stream arrive in order and unharmed, which is what TCP and HTTP/2 promise.
import { AsyncQueue } from '#runtime/async-queue.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { serviceDefinition } from '#proto/rpc/load.ts'
import type { CallContext, CallOptions, RpcClient } from '#proto/rpc/service.ts'
import type { ServiceName, Services } from '#proto/rpc/services.ts'
import type { SimulatedNode } from './node.ts'

type Method = ReturnType<typeof serviceDefinition>[string]
type Function = (input: unknown, call: CallContext) => unknown
type Endpoint = { readonly node: SimulatedNode; readonly services: ReadonlyMap<string, Record<string, Function>> }
type Connection = { readonly from: SimulatedNode; readonly to: SimulatedNode; readonly fail: (error: Error) => void }

/** Messages under way on one stream and direction before the sender waits. */
const inFlightMax = 64

export class SimulatedNetwork {
  readonly #random: Random
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #cut = new Set<string>()
  readonly #connections = new Set<Connection>()
  readonly #delayMs: (from: string, to: string) => number

  /** `delayMs` is the one-way delay between two nodes, by their names. */
  constructor(random: Random, delayMs: (from: string, to: string) => number) {
    this.#random = random
    this.#delayMs = delayMs
  }

  /** Offers services at an address until the node crashes or `close` is called. */
  listen(node: SimulatedNode, address: string, services: Partial<Record<ServiceName, unknown>>): () => void {
    const endpoint: Endpoint = {
      node,
      services: new Map(Object.entries(services) as [string, Record<string, Function>][]),
    }
    this.#endpoints.set(address, endpoint)
    const close = (): void => {
      if (this.#endpoints.get(address) === endpoint) this.#endpoints.delete(address)
    }
    node.onCrash(() => {
      close()
      for (const connection of this.#connections) {
        if (connection.from === node || connection.to === node) connection.fail(unavailable(`${node.name} went away`))
      }
    })
    return close
  }

  cut(a: string, b: string): void {
    this.#cut.add(pair(a, b))
    for (const connection of this.#connections) {
      if (pair(connection.from.name, connection.to.name) === pair(a, b))
        connection.fail(unavailable('the link was cut'))
    }
  }

  restore(a: string, b: string): void {
    this.#cut.delete(pair(a, b))
  }

  /** A client with the shape that openClient() gives. The address is looked up at every call. */
  client<Name extends ServiceName>(
    name: Name,
    from: SimulatedNode,
    address: string,
  ): RpcClient<Services[Name]['handlers']> & { close(): void } {
    const underWay = new Set<Exchange>()
    const methods = Object.entries(serviceDefinition(name)).map(([method, definition]) => [
      method.charAt(0).toLowerCase() + method.slice(1),
      this.#method(name, definition, from, address, underWay),
    ])
    const close = (): void => {
      for (const exchange of underWay) exchange.fail(unavailable('the connection was closed'))
    }
    return { ...Object.fromEntries(methods), close } as RpcClient<Services[Name]['handlers']> & {
      close(): void
    }
  }

  #method(service: string, method: Method, from: SimulatedNode, address: string, underWay: Set<Exchange>): unknown {
    const name = method.path.slice(method.path.lastIndexOf('/') + 1)
    const call = (input: unknown, options: CallOptions = {}): Exchange => {
      const exchange = new Exchange(from, method, options)
      underWay.add(exchange)
      exchange.onOver(() => underWay.delete(exchange))
      void this.#connect(exchange, service, name.charAt(0).toLowerCase() + name.slice(1), address, input)
      return exchange
    }
    if (method.responseStream) return (input: unknown, options?: CallOptions) => call(input, options).responses
    return async (input: unknown, options?: CallOptions) => {
      for await (const response of call(input, options).responses) return response
      throw unavailable(`${address} did not answer`)
    }
  }

  async #connect(exchange: Exchange, service: string, method: string, address: string, input: unknown): Promise<void> {
    const { from } = exchange
    const target = this.#endpoints.get(address)
    const delayMs = (): number => {
      const base = target === undefined ? 1 : this.#delayMs(from.name, target.node.name)
      return base * (1 + 0.2 * this.#random.next())
    }
    await from.clock.sleep(delayMs())
    const run = this.#endpoints.get(address) === target ? target?.services.get(service)?.[method] : undefined
    if (target === undefined || run === undefined || !target.node.isAlive)
      return exchange.fail(unavailable(`nobody listens at ${address}`))
    if (this.#cut.has(pair(from.name, target.node.name))) return exchange.fail(unavailable(`no route to ${address}`))
    const connection: Connection = { from, to: target.node, fail: (error) => exchange.fail(error) }
    this.#connections.add(connection)
    exchange.onOver(() => this.#connections.delete(connection))
    exchange.run(target.node, run, input, delayMs)
  }
}

/** One call: messages travel both ways, each direction in order, until it is over for either side. */
class Exchange {
  readonly from: SimulatedNode
  readonly responses: AsyncIterable<unknown>
  readonly #method: Method
  readonly #over = new AbortController()
  readonly #toCaller = new AsyncQueue<unknown>({ limit: inFlightMax })

  constructor(from: SimulatedNode, method: Method, options: CallOptions) {
    this.from = from
    this.#method = method
    this.responses = this.#read()
    const timer =
      options.deadlineMs === undefined
        ? null
        : from.clock.after(options.deadlineMs, () =>
            this.fail(new CloudlessError('deadline', 'DEADLINE_EXCEEDED', `no answer within ${options.deadlineMs} ms`)),
          )
    const onAbort = (): void => this.fail(new CloudlessError('cancelled', 'CANCELLED', 'the call was cancelled'))
    if (options.signal?.aborted === true) onAbort()
    else options.signal?.addEventListener('abort', onAbort, { once: true })
    this.onOver(() => {
      timer?.cancel()
      options.signal?.removeEventListener('abort', onAbort)
    })
  }

  onOver(run: () => void): void {
    if (this.#over.signal.aborted) run()
    else this.#over.signal.addEventListener('abort', run, { once: true })
  }

  fail(error: Error): void {
    this.#toCaller.fail(error)
    if (!this.#over.signal.aborted) this.#over.abort(error)
  }

  run(server: SimulatedNode, serve: Function, input: unknown, delayMs: () => number): void {
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = this.#method
    const decode = (request: unknown): unknown => requestDeserialize(requestSerialize(request as object))
    const call: CallContext = { signal: this.#over.signal, deadlineAtMs: null, peer: this.from.name }
    const work = async (): Promise<void> => {
      const request = this.#method.requestStream
        ? this.#carry(input as AsyncIterable<unknown>, decode, server, delayMs)
        : decode(input)
      const answer = serve(request, call)
      const responses = this.#method.responseStream ? (answer as AsyncIterable<unknown>) : once(answer)
      const back = (response: unknown): unknown => responseDeserialize(responseSerialize(response as object))
      for await (const response of this.#carry(responses, back, this.from, delayMs)) await this.#toCaller.push(response)
      this.#toCaller.end()
      if (!this.#over.signal.aborted) this.#over.abort(new CloudlessError('cancelled', 'CALL_OVER', 'the call is over'))
    }
    work().catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))))
  }

  /** Hands messages to the receiver after the delay, in order, on the receiver's own clock. */
  #carry(
    messages: AsyncIterable<unknown>,
    recode: (message: unknown) => unknown,
    receiver: SimulatedNode,
    delayMs: () => number,
  ): AsyncIterable<unknown> {
    const queue = new AsyncQueue<unknown>({ limit: inFlightMax })
    const over = this.#over.signal
    let arrivesAtMs = 0
    const later = (deliver: () => void): void => {
      const { clock } = receiver
      arrivesAtMs = Math.max(arrivesAtMs, clock.monotonicMs() + delayMs())
      clock.after(arrivesAtMs - clock.monotonicMs(), deliver)
    }
    const pump = async (): Promise<void> => {
      for await (const message of messages) {
        if (over.aborted) return
        const copy = recode(message)
        await new Promise<void>((resolve) => later(() => resolve(queue.push(copy).catch(() => {}))))
      }
      later(() => queue.end())
    }
    // Both sides learn of the end at different times; here the receiver learns with the stream.
    this.onOver(() => queue.fail(over.reason as Error))
    pump().catch((error: unknown) => later(() => queue.fail(error)))
    return queue
  }

  async *#read(): AsyncGenerator<unknown, undefined> {
    try {
      yield* this.#toCaller
    } finally {
      if (!this.#over.signal.aborted) this.#over.abort(new CloudlessError('cancelled', 'CANCELLED', 'the caller left'))
    }
  }
}

async function* once(answer: unknown): AsyncGenerator<unknown, undefined> {
  yield await answer
}

function pair(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`
}

function unavailable(message: string): CloudlessError {
  return new CloudlessError('unavailable', 'UNAVAILABLE', message)
}
