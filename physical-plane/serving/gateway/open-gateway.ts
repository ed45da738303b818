// Puts a gateway together: the core, its two servers and its two files. What main.ts runs, and tests within their own process.
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Address } from '#runtime/serve-metrics.ts'
import { gatewayConfig, type GatewayConfig } from './config.ts'
import { Gateway } from './gateway.ts'
import { openGrpcFront } from './grpc-front.ts'
import { GrpcInstance } from './grpc-instance.ts'
import { openHttpFront } from './http-front.ts'
import { HttpInstance } from './http-instance.ts'
import type { RunPipeline } from './infer.ts'
import { RoutesFile } from './routes-file.ts'
import { statusOf } from './status.ts'
import { StatusFile } from './status-file.ts'

export type GatewayOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly http: Address
  readonly grpc: Address
  readonly advertiseHost: string
  readonly routesPath: string
  readonly statusPath: string
  readonly pid: number
  readonly runPipeline?: RunPipeline
  readonly config?: GatewayConfig
}

export type OpenGateway = {
  readonly gateway: Gateway
  /** host:port, as others reach them. */
  readonly http: string
  readonly grpc: string
  /** Answers what was begun, for a while, and nothing else. */
  stop(): Promise<void>
}

export async function openGateway(options: GatewayOptions): Promise<OpenGateway> {
  const { clock, log, version, advertiseHost, config = gatewayConfig, runPipeline } = options
  let isEnding = false
  const gateway = new Gateway({
    clock,
    log,
    config,
    ...(runPipeline === undefined ? {} : { runPipeline }),
    open: (protocol, address) =>
      protocol === 'http' ? new HttpInstance(address, config) : new GrpcInstance(address, config, clock),
    onCold: () => status.soon(),
  })
  const routes = new RoutesFile({
    path: options.routesPath,
    clock,
    log,
    config,
    onRoutes: (read) => {
      gateway.apply(read)
      status.soon()
    },
  })
  const httpFront = await openHttpFront({ gateway, listen: options.http, version, isEnding: () => isEnding })
  const grpcFront = await openGrpcFront({ gateway, clock, listen: options.grpc, version })
  const http = advertised(httpFront.address, advertiseHost)
  const grpc = advertised(grpcFront.address, advertiseHost)
  const status = new StatusFile({
    path: options.statusPath,
    clock,
    log,
    config,
    status: (beat) => statusOf(gateway, { pid: options.pid, beat, atMs: clock.now(), http, grpc }),
  })
  await routes.start()
  gateway.start()
  await status.start()
  const stop = async (): Promise<void> => {
    isEnding = true
    const over = new AbortController()
    const closed = Promise.all([httpFront.close(), grpcFront.close()]).then(() => over.abort())
    await clock.sleep(config.drainMs, over.signal)
    status.stop()
    routes.stop()
    gateway.stop()
    httpFront.force()
    grpcFront.force()
    await closed
  }
  return { gateway, http, grpc, stop }
}

function advertised(address: string, host: string): string {
  const port = address.slice(address.lastIndexOf(':') + 1)
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
