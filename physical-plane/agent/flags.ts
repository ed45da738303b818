// What the agent's command line says, checked.
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { TimeSharing } from '#physical-plane/gpu-sharing/device-manager.ts'
import {
  defaultPlacement,
  isPlacementName,
  placementNames,
  type PlacementName,
} from '#physical-plane/gpu-sharing/placement/placement-names.ts'
import { invalid } from '#runtime/errors.ts'
import type { LogLevel } from '#runtime/log.ts'
import { isLoopbackHost } from '#runtime/loopback.ts'
import { parseMetricsAddress, type Address } from '#runtime/serve-metrics.ts'
import type { Purchase } from './purchase.ts'

export type Flags = {
  readonly controlPlane: string
  readonly region: string
  readonly state: string
  /** Address of the region's object store. */
  readonly objectStore: string
  readonly cpuUnits: number
  readonly bindHost: string
  readonly advertiseHost: string
  readonly python: string
  readonly logLevel: LogLevel
  readonly keepsInstances: boolean
  readonly metricsListen: Address | null
  /** Null: functions are asked at their instances alone. Ports 0: any that are free. */
  readonly gateway: { readonly http: Address; readonly grpc: Address } | null
  /** Null where only the cloud, or nobody, says. */
  readonly purchase: { readonly [K in keyof Purchase]: Purchase[K] | null }
  readonly sharesGpus: boolean
  readonly usesMps: boolean
  readonly timeSharing: TimeSharing
  readonly placement: PlacementName
  /** The cloud whose metadata service is asked, as openMetadata takes it. */
  readonly cloudMetadata: string | null
}

export const usage = `usage: node physical-plane/agent/main.ts --control-plane HOST:PORT --region NAME --state DIR [options]

  --control-plane   host:port that the agent dials out to
  --region NAME     of the catalogue, for example onprem/lab; one agent per region
  --state DIR       where the agent keeps what outlives it; made when absent
  --object-store    file:// address of the folder for checkpoints; DIR/objects when absent
  --bind-host       address that parameter servers listen on, each on a free port; 127.0.0.1 when absent
  --advertise-host  how other regions reach that address, where it differs
  --gateway         auto (the default): functions are answered for at the bind host, on free ports; HOST:PORT: there, and gRPC on the
                    next port; off: they are asked at their instances alone
  --allow-remote    permits addresses other than loopback: there is no authentication yet
  --python FILE     interpreter of training functions; CLOUDLESS_PYTHON or python3 when absent
  --cpu-units N     CPU units to offer; all cores when absent
  --gpu-sharing     auto (the default): shares of GPUs are handed out where they can be; off: whole GPUs only
  --mps             auto (the default): NVIDIA's MPS is used, and started where it can be; off: shared GPUs take turns
  --time-sharing    reflexes (the default): processes on a GPU give way to each other within microseconds, and take turns by tokens
                    where a share is of a part of the multiprocessors; tokens: by tokens everywhere
  --placement       which GPU a share is on: ${placementNames.slice(0, 7).join(', ')},
                    ${placementNames.slice(7).join(', ')}; ${defaultPlacement} when absent
  --market          how the machine was bought: on-demand (the default) or spot
  --zone            where it stands in its region, for example us-east-1a
  --instance-type   its type as price lists write it, for example g4dn.xlarge
  --cloud-metadata  aws or tencent: asks the machine's cloud for these three, and whether it takes the machine away
  --keep-instances  leave instances running when the agent is told to stop
  --metrics-listen  host:port of GET /metrics for Prometheus; off when absent
  --log-level       debug, info, warn, error or silent`

/** Null where only the usage is wanted. */
export function readFlags(args?: readonly string[]): Flags | null {
  const { values } = parseArgs({
    ...(args === undefined ? {} : { args: [...args] }),
    options: {
      'control-plane': { type: 'string' },
      region: { type: 'string' },
      state: { type: 'string' },
      'object-store': { type: 'string' },
      'cpu-units': { type: 'string' },
      'bind-host': { type: 'string', default: '127.0.0.1' },
      'advertise-host': { type: 'string' },
      python: { type: 'string' },
      market: { type: 'string' },
      zone: { type: 'string' },
      'instance-type': { type: 'string' },
      'cloud-metadata': { type: 'string' },
      'gpu-sharing': { type: 'string', default: 'auto' },
      mps: { type: 'string', default: 'auto' },
      'time-sharing': { type: 'string', default: 'reflexes' },
      placement: { type: 'string', default: defaultPlacement },
      gateway: { type: 'string', default: 'auto' },
      'log-level': { type: 'string', default: 'info' },
      'metrics-listen': { type: 'string' },
      'keep-instances': { type: 'boolean', default: false },
      'allow-remote': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const required = (name: 'control-plane' | 'region' | 'state', example: string): string => {
    const value = values[name]
    if (value === undefined || value === '')
      throw invalid([{ field: `--${name}`, description: `is missing, for example ${example}` }])
    return value
  }
  const level = values['log-level']
  if (!['debug', 'info', 'warn', 'error', 'silent'].includes(level))
    throw invalid([{ field: '--log-level', description: `${level} must be debug, info, warn, error or silent` }])
  const bindHost = values['bind-host']
  if (!isLoopbackHost(bindHost) && !values['allow-remote'])
    throw invalid([
      {
        field: '--bind-host',
        description: `${bindHost} is not loopback; add --allow-remote if everyone there may exchange updates with this region`,
      },
    ])
  const cpuUnits = values['cpu-units'] === undefined ? availableParallelism() : Number(values['cpu-units'])
  if (!Number.isInteger(cpuUnits) || cpuUnits < 1)
    throw invalid([
      { field: '--cpu-units', description: `${values['cpu-units']} must be a whole number of at least 1` },
    ])
  return {
    controlPlane: required('control-plane', '127.0.0.1:7443'),
    region: required('region', 'onprem/lab'),
    state: required('state', '/var/lib/cloudless'),
    objectStore: values['object-store'] ?? pathToFileURL(join(resolve(values.state ?? ''), 'objects')).href,
    cpuUnits,
    bindHost,
    advertiseHost: values['advertise-host'] ?? bindHost,
    python: values.python ?? process.env['CLOUDLESS_PYTHON'] ?? 'python3',
    logLevel: level as LogLevel,
    keepsInstances: values['keep-instances'],
    purchase: purchaseFlags(values),
    sharesGpus: isAuto('gpu-sharing', values['gpu-sharing']),
    usesMps: isAuto('mps', values.mps),
    timeSharing: timeSharingFlag(values['time-sharing']),
    placement: placementFlag(values.placement),
    cloudMetadata: values['cloud-metadata'] ?? null,
    gateway: gatewayFlag(values.gateway, bindHost, values['allow-remote']),
    metricsListen:
      values['metrics-listen'] === undefined
        ? null
        : parseMetricsAddress(values['metrics-listen'], values['allow-remote']),
  }
}

function gatewayFlag(value: string, bindHost: string, allowsRemote: boolean): Flags['gateway'] {
  if (value === 'off') return null
  if (value === 'auto') return { http: { host: bindHost, port: 0 }, grpc: { host: bindHost, port: 0 } }
  const found = /^(?<host>\[[0-9a-f:.]+\]|[^:]+):(?<port>\d{1,5})$/i.exec(value)?.groups
  const port = Number(found?.['port'])
  const host = found?.['host']?.replace(/^\[|\]$/g, '')
  // The next port is gRPC's.
  if (host === undefined || !(port < 65_535)) {
    const description = `${value} must be auto, off or host:port, for example 127.0.0.1:8000`
    throw invalid([{ field: '--gateway', description }])
  }
  if (!isLoopbackHost(host) && !allowsRemote) {
    const description = `${value} is not loopback; add --allow-remote if everyone there may ask functions`
    throw invalid([{ field: '--gateway', description }])
  }
  return { http: { host, port }, grpc: { host, port: port === 0 ? 0 : port + 1 } }
}

function isAuto(flag: string, value: string): boolean {
  if (value !== 'auto' && value !== 'off')
    throw invalid([{ field: `--${flag}`, description: `${value} must be auto or off` }])
  return value === 'auto'
}

function timeSharingFlag(value: string): TimeSharing {
  if (value !== 'tokens' && value !== 'reflexes')
    throw invalid([{ field: '--time-sharing', description: `${value} must be tokens or reflexes` }])
  return value
}

function placementFlag(value: string): PlacementName {
  if (!isPlacementName(value))
    throw invalid([{ field: '--placement', description: `${value} must be one of ${placementNames.join(', ')}` }])
  return value
}

type PurchaseFlags = { readonly [K in 'market' | 'zone' | 'instance-type']?: string | undefined }

function purchaseFlags(values: PurchaseFlags): Flags['purchase'] {
  const { market = null } = values
  if (market !== null && market !== 'on-demand' && market !== 'spot')
    throw invalid([{ field: '--market', description: `${market} must be on-demand or spot` }])
  const placed = (name: 'zone' | 'instance-type'): string | null => {
    const value = values[name] ?? null
    if (value === null || /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value)) return value
    const description = `${JSON.stringify(value)} must be letters, digits, '.', '_' and '-', at most 63`
    throw invalid([{ field: `--${name}`, description }])
  }
  return { market, zone: placed('zone'), instanceType: placed('instance-type') }
}
