// GET /metrics for Prometheus, off unless asked for. There is no authentication: loopback only, unless told otherwise.
import { CloudlessError, invalid, messageOf } from './errors.ts'
import { isLoopbackHost } from './loopback.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export type Address = { readonly host: string; readonly port: number }

export type MetricsServer = {
  /** host:port, with the port that was found free when 0 was asked for. */
  readonly address: string
  stop(): Promise<void>
}

export const metricsServerConfig = {
  /** A scraper that is slower than this is cut off. */
  requestTimeoutMs: 10_000,
  connectionsMax: 64,
} as const

export async function serveMetrics(metrics: Metrics, { host, port }: Address, log: Log): Promise<MetricsServer> {
  // Loaded here: it takes 100 ms, and hardly any process of a local cluster serves metrics.
  const { fastify } = await import('fastify')
  const server = fastify({ requestTimeout: metricsServerConfig.requestTimeoutMs, forceCloseConnections: true })
  server.server.maxConnections = metricsServerConfig.connectionsMax
  server.get('/metrics', async (_request, reply) => {
    try {
      const text = await metrics.render()
      return await reply.type(metrics.contentType).send(text)
    } catch (error) {
      log.error({ error: messageOf(error) }, 'metrics could not be collected')
      return reply.code(500).type('text/plain').send('metrics could not be collected; the log says why\n')
    }
  })
  try {
    const address = await server.listen({ host, port })
    log.info({ address }, 'metrics are served')
    return { address: address.replace(/^http:\/\//, ''), stop: () => server.close() }
  } catch (error) {
    const text = `cannot serve metrics on ${host}:${port}: ${messageOf(error)}`
    throw new CloudlessError('unavailable', 'METRICS_PORT', text, { cause: error })
  }
}

/** Reads `--metrics-listen host:port`; throws `invalid` naming the flag. */
export function parseMetricsAddress(text: string, allowRemote: boolean): Address {
  const found = /^(?<host>\[[0-9a-f:.]+\]|[^:]+):(?<port>\d{1,5})$/i.exec(text)?.groups
  const port = Number(found?.['port'])
  if (found?.['host'] === undefined || !(port <= 65_535)) refuse(`${text} is not host:port, for example 127.0.0.1:9464`)
  const host = found['host'].replace(/^\[|\]$/g, '')
  if (!isLoopbackHost(host) && !allowRemote)
    refuse(`${text} is not loopback; add --allow-remote if everyone there may read the metrics`)
  return { host, port }
}

function refuse(description: string): never {
  throw invalid([{ field: '--metrics-listen', description }])
}
