// The command line of the control plane, checked.
import { parseArgs } from 'node:util'
import { messageOf } from '#runtime/errors.ts'
import { parseMetricsAddress, type Address } from '#runtime/serve-metrics.ts'
import type { LogLevel } from '#runtime/log.ts'
import { isLoopbackHost } from '#runtime/loopback.ts'

export type MainOptions = {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly catalogue: string | null
  readonly logLevel: LogLevel
  /** Where GET /metrics answers; null for nowhere. */
  readonly metricsListen: Address | null
}

export const usage = `usage: node control-plane/main.ts --data DIR [--listen 127.0.0.1:7443] [--catalogue FILE]
         [--log-level debug|info|warn|error|silent] [--metrics-listen 127.0.0.1:PORT] [--allow-remote]

  --data DIR       where the control plane keeps its state; made when absent
  --listen ADDR    host:port; port 0 takes a free one
  --catalogue FILE regions, prices and links; the bundled list when absent
  --metrics-listen host:port of GET /metrics for Prometheus; off when absent
  --allow-remote   permits an address other than loopback: there is no authentication yet`

export type ParsedOptions =
  | { readonly kind: 'options'; readonly options: MainOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly why: string }

export function parseOptions(args: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        listen: { type: 'string', default: '127.0.0.1:7443' },
        catalogue: { type: 'string' },
        'log-level': { type: 'string', default: 'info' },
        'metrics-listen': { type: 'string' },
        'allow-remote': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { kind: 'help' }
    if (values.data === undefined || values.data === '')
      return wrong('--data is missing; name the folder for the state')
    const address = /^(?<host>\[[0-9a-f:.]+\]|[^:]+):(?<port>\d{1,5})$/i.exec(values.listen)?.groups
    const port = Number(address?.port)
    if (address?.host === undefined || !(port <= 65_535))
      return wrong(`--listen ${values.listen} is not host:port, for example 127.0.0.1:7443`)
    const host = address.host.replace(/^\[|\]$/g, '')
    if (!isLoopbackHost(host) && !values['allow-remote'])
      return wrong(`--listen ${values.listen} is not loopback; add --allow-remote if everyone there may submit jobs`)
    const logLevel = levels.find((level) => level === values['log-level'])
    if (logLevel === undefined) return wrong(`--log-level ${values['log-level']} is not one of ${levels.join(', ')}`)
    const metrics = values['metrics-listen']
    const metricsListen = metrics === undefined ? null : parseMetricsAddress(metrics, values['allow-remote'])
    const catalogue = values.catalogue ?? null
    return { kind: 'options', options: { data: values.data, host, port, catalogue, logLevel, metricsListen } }
  } catch (error) {
    return wrong(messageOf(error))
  }
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

function wrong(why: string): ParsedOptions {
  return { kind: 'wrong', why }
}
