// The gRPC form of the Open Inference Protocol for all functions and pipelines behind one port. Messages stay bytes: only the model's
// name is read. Deadlines and cancellation come with the call and are handed on.
import { createServer, type AddressInfo } from 'node:net'
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerInterceptor,
  type ServerUnaryCall,
} from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Address } from '#runtime/serve-metrics.ts'
import type { GatewayConfig } from './config.ts'
import { Dispatcher } from './dispatcher.ts'
import { GatewayFault } from './fault.ts'
import type { Gateway } from './gateway.ts'
import { grpcMethods, type GrpcInstance } from './grpc-instance.ts'
import type { Front } from './http-front.ts'
import type { InstanceAnswer } from './instance-client.ts'
import { metadataOf } from './grpc-metadata.ts'
import { nameOf } from './message-name.ts'

export type GrpcFrontOptions = {
  readonly gateway: Gateway
  readonly clock: Clock
  readonly listen: Address
  readonly version: string
}

type Listening = { readonly address: string; close(): void }
type Call = ServerUnaryCall<Buffer, Buffer>
type Answer = sendUnaryData<Buffer>

const same = (bytes: Buffer): Buffer => bytes
const service = 'inference.GRPCInferenceService'

export async function openGrpcFront(options: GrpcFrontOptions): Promise<Front> {
  const { config } = options.gateway
  const server = new Server({
    'grpc.max_receive_message_length': config.bodyBytesMax,
    'grpc.max_send_message_length': config.answerBytesMax,
    'grpc.max_concurrent_streams': config.grpcStreamsPerConnectionMax,
    'grpc.max_connection_idle_ms': config.connectionIdleMs,
    interceptors: [receivedInTime(options.clock, config)],
  })
  const front = new GrpcFront(options)
  const handlers: Record<string, handleUnaryCall<Buffer, Buffer>> = {
    ServerLive: (_call, answer) => answer(null, booleanOf(true)),
    ServerReady: (_call, answer) => answer(null, booleanOf(true)),
    ServerMetadata: (_call, answer) => answer(null, serverMetadata(options.version)),
    ModelReady: (call, answer) => front.ready(call, answer),
    ModelMetadata: (call, answer) => front.metadata(call, answer),
    ModelInfer: (call, answer) => front.infer(call, answer),
  }
  server.addService(Object.fromEntries(Object.keys(handlers).map((name) => [name, unary(name)])), handlers)
  const health = new HealthImplementation({ '': 'SERVING', [service]: 'SERVING' })
  health.addToServer(server)
  const listening = await listen(server, options.listen, config.grpcConnectionsMax)
  return {
    address: listening.address,
    close: () => {
      listening.close()
      health.setStatus('', 'NOT_SERVING')
      health.setStatus(service, 'NOT_SERVING')
      return new Promise((resolve) => server.tryShutdown(() => resolve()))
    },
    force: () => server.forceShutdown(),
  }
}

class GrpcFront {
  readonly #gateway: Gateway
  readonly #clock: Clock

  constructor({ gateway, clock }: GrpcFrontOptions) {
    this.#gateway = gateway
    this.#clock = clock
  }

  ready(call: Call, answer: Answer): void {
    const name = this.#nameIn(call, answer)
    if (name === null) return
    if (this.#gateway.find(name) === null) return refuse(answer, this.#gateway.unknown(name))
    answer(null, booleanOf(this.#gateway.isReady(name)))
  }

  metadata(call: Call, answer: Answer): void {
    const name = this.#nameIn(call, answer)
    if (name === null) return
    const found = this.#gateway.find(name)
    if (found === null) return refuse(answer, this.#gateway.unknown(name))
    if (!(found instanceof Dispatcher)) return answer(null, modelMetadata(name, 'cloudless_pipeline'))
    const slot = found.slots.find((each) => each.speaks('grpc'))
    if (slot === undefined)
      return refuse(answer, new GatewayFault('cold', `no instance of ${name} answers now`, { retryAfterMs: 1_000 }))
    const client = slot.client('grpc') as GrpcInstance
    const takeBack = client.call(grpcMethods.metadata, call.request, this.#leftMs(call) ?? found.route.timeoutMs, {
      onAnswer: (given) => pass(call, answer, given),
      onFailure: ({ because }) => refuse(answer, new GatewayFault('instance-died', because)),
    })
    call.on('cancelled', takeBack)
  }

  infer(call: Call, answer: Answer): void {
    const name = this.#nameIn(call, answer)
    if (name === null) return
    const { held } = this.#gateway
    const { length } = call.request
    const leftMs = this.#leftMs(call)
    if (leftMs !== null && leftMs <= 0)
      return refuse(answer, new GatewayFault('expired', `${name} had no time left when the request came`))
    if (!held.take(name, length)) {
      const text = 'requests that wait have all the memory there is'
      return refuse(answer, new GatewayFault('overloaded', text, { retryAfterMs: 1_000 }))
    }
    let isOver = false
    const over = (): boolean => {
      if (isOver) return false
      isOver = true
      held.give(name, length)
      return true
    }
    const takeBack = this.#gateway.ask(name, { protocol: 'grpc', bytes: call.request, jsonBytes: null }, leftMs, {
      onAnswer: (given) => {
        if (over()) pass(call, answer, given)
      },
      onFault: (fault) => {
        if (over()) refuse(answer, fault)
      },
    })
    call.on('cancelled', () => {
      if (!over()) return
      takeBack()
    })
  }

  #nameIn(call: Call, answer: Answer): string | null {
    const { grpcFieldsMax, nameCharactersMax } = this.#gateway.config
    const name = nameOf(call.request, grpcFieldsMax)
    if (name === null) refuse(answer, new GatewayFault('malformed', 'this is no message with a model_name'))
    else if (name.length > nameCharactersMax) {
      refuse(answer, new GatewayFault('malformed', `model_name is longer than ${nameCharactersMax} characters`))
      return null
    }
    return name
  }

  #leftMs(call: Call): number | null {
    const deadline = call.getDeadline()
    const atMs = typeof deadline === 'number' ? deadline : deadline.getTime()
    return Number.isFinite(atMs) ? Math.min(atMs - this.#clock.now(), this.#gateway.config.timeoutMsMax) : null
  }
}

function unary(name: string) {
  return {
    path: `/${service}/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
}

function pass(call: Call, answer: Answer, { grpcStatus, text, bytes, metadata }: InstanceAnswer): void {
  const initial = metadata?.initial ?? []
  const trailing = metadata?.trailing ?? []
  if (initial.length > 0) call.sendMetadata(metadataOf(initial))
  if (grpcStatus !== 0) answer({ code: grpcStatus, details: text, metadata: metadataOf(trailing) })
  else if (trailing.length > 0) answer(null, bytes, metadataOf(trailing))
  else answer(null, bytes)
}

function refuse(answer: Answer, { grpcStatus, message, retryAfterMs }: GatewayFault): void {
  const metadata = new Metadata()
  if (retryAfterMs !== null) metadata.set('grpc-retry-pushback-ms', String(Math.ceil(retryAfterMs)))
  answer({ code: grpcStatus, details: message.slice(0, 2_000), metadata })
}

/** A client that opens a call and sends no message holds it no longer than a slow HTTP client its request. */
function receivedInTime(clock: Clock, { requestTimeoutMs }: GatewayConfig): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        const timer = clock.after(requestTimeoutMs, () =>
          call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'the request did not arrive in time' }),
        )
        next(
          new ServerListenerBuilder()
            .withOnReceiveMessage((received, handOn) => {
              timer.cancel()
              handOn(received)
            })
            .withOnCancel(() => timer.cancel())
            .build(),
        )
      },
    })
}

// Messages of the protocol that are too small for a codec: fields 1 and so on in the wire's own form.

function booleanOf(value: boolean): Buffer {
  return value ? Buffer.from([0x08, 0x01]) : Buffer.alloc(0)
}

function textField(field: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes])
}

function serverMetadata(version: string): Buffer {
  return Buffer.concat([textField(1, 'cloudless'), textField(2, version)])
}

/** Names are DNS labels, so that a length is one byte. */
function modelMetadata(name: string, platform: string): Buffer {
  return Buffer.concat([textField(1, name), textField(2, '1'), textField(3, platform)])
}

/** The library's own listener takes any number of connections; ours lets go of those beyond what may be at once. */
function listen(server: Server, { host, port }: Address, connectionsMax: number): Promise<Listening> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const listener = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) =>
    injector.injectConnection(socket),
  )
  listener.maxConnections = connectionsMax
  const shown = host.includes(':') ? `[${host}]` : host
  return new Promise((resolve, reject) => {
    listener.once('error', (error) => {
      const told = `cannot listen on ${shown}:${port}: ${messageOf(error)}; choose another address or stop what uses it`
      reject(new CloudlessError('conflict', 'CANNOT_LISTEN', told, { cause: error }))
    })
    listener.listen(port, host, 4_096, () =>
      resolve({ address: `${shown}:${(listener.address() as AddressInfo).port}`, close: () => void listener.close() }),
    )
  })
}
