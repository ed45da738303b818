// A typed client for one service at one address. Unary calls always have a deadline; streams begin when they are read and
// end when their reader leaves. Every failure is a CloudlessError. Connections are kept alive and made again by themselves.
import { Client, credentials, type ChannelOptions } from '@grpc/grpc-js'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import * as config from './config.ts'
import { bidirectionalCall, clientStreamingCall, serverStreamingCall, unaryCall, type Target } from './client-call.ts'
import { serviceDefinition } from './load.ts'
import type { RpcClient } from './service.ts'
import type { AnyHandlers, ServiceName, Services } from './services.ts'

export type ClientOptions = {
  readonly clock: Clock
  /** For unary calls without their own. */
  readonly deadlineMs?: number
  /** HTTP/2 window for what this client receives, per stream and connection: at least twice bandwidth × round trip. */
  readonly windowBytes?: number
  readonly messageBytesMax?: number
  /** False dials directly even where `grpc_proxy` or `http_proxy` is set. */
  readonly usesProxy?: boolean
}

export type OpenClient<Handlers extends AnyHandlers> = RpcClient<Handlers> & {
  /** Connects now; UNAVAILABLE with the address when that does not succeed in time. */
  waitForReady(deadlineMs: number): Promise<void>
  /** Calls in progress end as cancelled. */
  close(): void
}

type NameOf<Handlers> = {
  [Name in ServiceName]: Services[Name]['handlers'] extends Handlers ? Name : never
}[ServiceName]

/** `address` is `host:port` or `unix:/path`. Opening does not connect; the first call does. */
export function openClient<Handlers extends AnyHandlers>(
  service: NameOf<Handlers>,
  address: string,
  options: ClientOptions,
): OpenClient<Handlers> {
  const client = new Client(address, credentials.createInsecure(), channelOptions(options))
  const over = new AbortController()
  const target: Target = {
    client,
    address,
    clock: options.clock,
    closed: over.signal,
    unaryDeadlineMs: options.deadlineMs ?? config.unaryDeadlineMs,
    messageBytesMax: options.messageBytesMax ?? config.messageBytesMax,
  }
  const methods: Record<string, unknown> = {}
  for (const [name, method] of Object.entries(serviceDefinition(service))) {
    const key = `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`
    if (method.requestStream && method.responseStream) methods[key] = bidirectionalCall(target, method)
    else if (method.requestStream) methods[key] = clientStreamingCall(target, method)
    else if (method.responseStream) methods[key] = serverStreamingCall(target, method)
    else methods[key] = unaryCall(target, method)
  }
  const waitForReady = (deadlineMs: number): Promise<void> => ready(client, address, options.clock, deadlineMs)
  const close = (): void => {
    over.abort(new CloudlessError('cancelled', 'CLIENT_CLOSED', `the client of ${address} was closed`))
    client.close()
  }
  return { ...methods, waitForReady, close } as unknown as OpenClient<Handlers>
}

function ready(client: Client, address: string, clock: Clock, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(clock.now() + deadlineMs, (error) => {
      if (error === undefined) return resolve()
      const text = `${address} cannot be reached: no connection within ${deadlineMs} ms; is it running?`
      reject(new CloudlessError('unavailable', 'UNAVAILABLE', text, { metadata: { address }, cause: error }))
    })
  })
}

function channelOptions(options: ClientOptions): ChannelOptions {
  return {
    // Two clients of one address must not share a connection: the window belongs to the connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.keepalive_time_ms': config.keepAliveMs,
    'grpc.keepalive_timeout_ms': config.keepAliveTimeoutMs,
    'grpc.initial_reconnect_backoff_ms': config.reconnectMs,
    'grpc.max_reconnect_backoff_ms': config.reconnectMsMax,
    'grpc.max_receive_message_length': options.messageBytesMax ?? config.messageBytesMax,
    'grpc.enable_http_proxy': options.usesProxy === false ? 0 : 1,
    ...(options.windowBytes === undefined ? {} : { 'grpc-node.flow_control_window': options.windowBytes }),
  }
}
