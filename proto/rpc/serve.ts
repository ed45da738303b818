// Opens a gRPC server for plain Implementation objects, with health and, if asked, reflection.
import { chmodSync } from 'node:fs'
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation } from 'grpc-health-check'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import * as config from './config.ts'
import { removeStaleSocket } from './stale-socket.ts'
import { contract, serviceDefinition } from './load.ts'
import { ServerCalls, type Method, type MethodFunction } from './server-call.ts'
import type { Implementation } from './service.ts'
import type { ServiceName, Services } from './services.ts'

export type ServeOptions = {
  readonly services: { readonly [Name in ServiceName]?: Implementation<Services[Name]['handlers']> }
  /** Port 0 takes a free one. A socket file that nobody serves any more is replaced. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly socketPath: string }
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly messageBytesMax?: number
  readonly withReflection?: boolean
}

export type RpcServer = {
  /** `host:port` or `unix:/path`, as `openClient` takes it. */
  readonly address: string
  /** What health checks hear. True from the start. */
  setServing(isServing: boolean): void
  /** Ends streams at once and gives unary calls `graceMs`. Callers hear UNAVAILABLE. Calling it twice is harmless. */
  stop(graceMs: number): Promise<void>
}

export async function serve(options: ServeOptions): Promise<RpcServer> {
  const messageBytesMax = options.messageBytesMax ?? config.messageBytesMax
  const server = new Server({
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_concurrent_streams': config.callsPerConnectionMax,
    'grpc.keepalive_time_ms': config.keepAliveMs,
    'grpc.keepalive_timeout_ms': config.keepAliveTimeoutMs,
  })
  const calls = new ServerCalls({ ...options, messageBytesMax })
  const names = Object.keys(options.services)
  for (const name of names) addService(server, calls, name, options.services[name as ServiceName]!)
  const health = new HealthImplementation()
  const setServing = (isServing: boolean): void => {
    for (const name of ['', ...names]) health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING')
  }
  setServing(true)
  health.addToServer(server)
  if (options.withReflection === true) new ReflectionService(contract, { services: names }).addToServer(server)
  const address = await listen(server, options.listen)
  options.log.debug({ address, services: names }, 'listening')
  let stopped: Promise<void> | null = null
  const stop = (graceMs: number): Promise<void> => {
    setServing(false)
    stopped ??= stopServer(server, calls, graceMs, options.clock)
    return stopped
  }
  return { address, setServing, stop }
}

/** Messages stay bytes for grpc-js: decoding in our own wrapper turns a broken one into a status that says so. */
function addService(server: Server, calls: ServerCalls, name: string, implementation: object): void {
  const definition: Record<string, Method> = {}
  const handlers: Record<string, unknown> = {}
  for (const [methodName, method] of Object.entries(serviceDefinition(name))) {
    const key = `${methodName.slice(0, 1).toLowerCase()}${methodName.slice(1)}`
    const run = (implementation as Record<string, MethodFunction | undefined>)[key]
    assert(run !== undefined, `${name} is served without ${key}`)
    definition[methodName] = { ...method, ...rawBytes }
    handlers[methodName] = calls.handler(method, run.bind(implementation))
  }
  server.addService(definition, handlers as UntypedServiceImplementation)
}

const rawBytes = {
  requestDeserialize: (bytes: Buffer): object => bytes,
  responseSerialize: (bytes: object): Buffer => bytes as Buffer,
}

async function listen(server: Server, at: ServeOptions['listen']): Promise<string> {
  if ('socketPath' in at) {
    await removeStaleSocket(at.socketPath)
    await bind(server, `unix:${at.socketPath}`)
    // Whoever can open the file can call us; on one machine that is the same user only.
    chmodSync(at.socketPath, 0o600)
    return `unix:${at.socketPath}`
  }
  const host = at.host.includes(':') ? `[${at.host}]` : at.host
  const port = await bind(server, `${host}:${at.port}`)
  return `${host}:${port}`
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) return resolve(port)
      const text = `cannot listen on ${address}: ${error.message}; choose another address or stop what uses it`
      reject(new CloudlessError('conflict', 'CANNOT_LISTEN', text, { metadata: { address }, cause: error }))
    })
  })
}

async function stopServer(server: Server, calls: ServerCalls, graceMs: number, clock: Clock): Promise<void> {
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
  const stopping = new CloudlessError('unavailable', 'SERVER_STOPPING', 'the server is stopping; connect again')
  calls.abort(stopping, 'streams')
  const over = new AbortController()
  const isDrained = await Promise.race([drained.then(() => true), clock.sleep(graceMs, over.signal).then(() => false)])
  over.abort()
  if (isDrained) return
  calls.abort(stopping, 'all')
  await clock.sleep(config.stopFlushMs)
  server.forceShutdown()
}
