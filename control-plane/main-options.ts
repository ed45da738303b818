// The command line of the control plane, checked.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { adapterIds, type AdapterId } from '#regions/adapter.ts'
import { messageOf } from '#runtime/errors.ts'
import { parseMetricsAddress, type Address } from '#runtime/serve-metrics.ts'
import type { LogLevel } from '#runtime/log.ts'
import { isLoopbackHost } from '#runtime/loopback.ts'
import { defaultPruneAfterMs, pruneAfterMinMs } from './reconciler/config.ts'

export type MainOptions = {
  readonly data: string
  readonly host: string
  readonly port: number
  /** Over the bundled list, lowest first. */
  readonly catalogues: readonly string[]
  readonly withBundledCatalogue: boolean
  /** Where layers that were fetched from clouds are kept. */
  readonly fetchedFolder: string
  /** Clouds to ask for prices now and then. */
  readonly refresh: { readonly everyMs: number; readonly clouds: readonly AdapterId[] }
  /** Whether data in object stores is looked at before a job is taken. */
  readonly checkDatasets: boolean
  readonly logLevel: LogLevel
  /** Where GET /metrics answers; null for nowhere. */
  readonly metricsListen: Address | null
  /** See `ReconcileOptions`. */
  readonly pruneAfterMs: number
}

export const usage = `usage: node control-plane/main.ts --data DIR [--listen 127.0.0.1:7443] [--catalogue PATH]...
         [--log-level debug|info|warn|error|silent] [--metrics-listen 127.0.0.1:PORT] [--allow-remote]
         [--give-up-region-after 10m] [--catalogue-refresh 2h] [--catalogue-provider CLOUD]... [--check-datasets]

  --data DIR       where the control plane keeps its state; made when absent
  --listen ADDR    host:port; port 0 takes a free one
  --catalogue PATH regions, prices and links that lie over the bundled list: a folder like it, or a YAML file that says only
                   what it knows; several lie over each other in their order
  --no-bundled-catalogue
                   nothing lies below them
  --catalogue-refresh 2h
                   ask clouds for their prices this often (s, m or h; at least 5m), with the credentials of their SDKs' own
                   chains; off when absent. A cloud that does not answer leaves its last prices in force, marked stale
  --catalogue-provider CLOUD
                   aws or tencent; both when absent
  --catalogue-fetched DIR
                   where fetched prices are kept and looked for, also those of \`cloudless catalog refresh\`; catalogue in
                   --data when absent
  --check-datasets list s3:// and cos:// data when a job is submitted, and refuse what can not be listed or lies elsewhere
  --metrics-listen host:port of GET /metrics for Prometheus; off when absent
  --give-up-region-after 10m
                   a region of which nothing was heard for so long (s, m or h) is left out of its jobs for good, if at
                   least half of a job's regions go on; until then its last round waits for it
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
        catalogue: { type: 'string', multiple: true, default: [] },
        'no-bundled-catalogue': { type: 'boolean', default: false },
        'catalogue-refresh': { type: 'string' },
        'catalogue-provider': { type: 'string', multiple: true, default: [...adapterIds] },
        'catalogue-fetched': { type: 'string' },
        'check-datasets': { type: 'boolean', default: false },
        'log-level': { type: 'string', default: 'info' },
        'metrics-listen': { type: 'string' },
        'give-up-region-after': { type: 'string' },
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
    const catalogues = values.catalogue
    const withBundledCatalogue = !values['no-bundled-catalogue']
    if (!withBundledCatalogue && catalogues.length === 0)
      return wrong('--no-bundled-catalogue leaves no regions; name some with --catalogue')
    const refresh = refreshOf(values['catalogue-refresh'], values['catalogue-provider'])
    if (typeof refresh === 'string') return wrong(refresh)
    const after = values['give-up-region-after']
    const pruneAfterMs = after === undefined ? defaultPruneAfterMs : millisecondsOf(after)
    if (!(pruneAfterMs >= pruneAfterMinMs))
      return wrong(
        `--give-up-region-after ${after} is no time of at least ${pruneAfterMinMs / 1000}s, for example 90s, 10m or 2h`,
      )
    return {
      kind: 'options',
      options: {
        data: values.data,
        host,
        port,
        catalogues,
        withBundledCatalogue,
        fetchedFolder: values['catalogue-fetched'] ?? join(values.data, 'catalogue'),
        refresh,
        checkDatasets: values['check-datasets'],
        logLevel,
        metricsListen,
        pruneAfterMs,
      },
    }
  } catch (error) {
    return wrong(messageOf(error))
  }
}

/** Why it can not be, or which clouds are asked how often. */
function refreshOf(every: string | undefined, names: readonly string[]): MainOptions['refresh'] | string {
  const other = names.find((name) => !adapterIds.some((id) => id === name))
  if (other !== undefined) return `--catalogue-provider ${other} is not one of ${adapterIds.join(', ')}`
  if (every === undefined) return { everyMs: 0, clouds: [] }
  const everyMs = millisecondsOf(every)
  if (!(everyMs >= refreshMinMs))
    return `--catalogue-refresh ${every} is no time of at least ${refreshMinMs / 60_000}m, for example 30m or 2h`
  return { everyMs, clouds: adapterIds.filter((id) => names.includes(id)) }
}

/** NaN where it is none. */
function millisecondsOf(duration: string): number {
  const { count, unit } = /^(?<count>\d{1,9})(?<unit>[smh])$/.exec(duration)?.groups ?? {}
  return Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h']
}

/** Clouds throttle, and an account is used by others too. */
const refreshMinMs = 300_000

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

function wrong(why: string): ParsedOptions {
  return { kind: 'wrong', why }
}
