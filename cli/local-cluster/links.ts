// The network of a local cluster. On Linux every region's servers listen on their own loopback address and peers reach
// them through the relay, which gives each link its rate and delay; other systems have one loopback address, so there
// the links are not shaped.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Link__Output } from '#proto/generated/cloudless/v1/Link.ts'
import type { Environment } from '../server-address.ts'
import type { RelayConfig } from './relay/config.ts'
import type { Ready, Supervisor } from './supervisor.ts'

export type RegionNetwork = {
  readonly region: string
  /** The address where this region's parameter servers listen. */
  readonly host: string
  readonly environment: Environment
}

export type LinkShape = { readonly mbitPerSecond: number; readonly roundTripMs: number }

export type LinkOptions = {
  readonly folder: string
  readonly regions: readonly string[]
  readonly links: readonly Link__Output[]
  readonly linkScale: number
  /** Every link alike, instead of the link table. */
  readonly linkShape?: LinkShape
  readonly supervisor: Supervisor
  readonly note: (text: string) => void
}

/** 127.0.0.11 and up: clear of addresses that name resolvers like to use. */
const firstHost = 11

export async function startLinks(options: LinkOptions): Promise<readonly RegionNetwork[]> {
  const { folder, regions, supervisor, note } = options
  if (process.platform !== 'linux') {
    note(`links are not shaped: ${process.platform} has only one loopback address`)
    return regions.map((region) => ({ region, host: '127.0.0.1', environment: {} }))
  }
  const networks = regions.map((region, index) => ({ region, host: loopbackHost(firstHost + index) }))
  const path = join(folder, 'links.json')
  const script = join(import.meta.dirname, 'relay/main.ts')
  const ready = await supervisor.start({
    name: 'link-relay',
    argumentsFor: (earlier) => {
      // A restart keeps its ports, which the agents have in their environment.
      writeFileSync(path, JSON.stringify(relayConfig(options, networks, portsOf(earlier))), { mode: 0o600 })
      return [script, '--config', path]
    },
  })
  const ports = portsOf(ready)
  return networks.map(({ region, host }) => ({
    region,
    host,
    // The control plane is next door; only what goes to other regions takes the shaped road.
    environment: { grpc_proxy: `http://127.0.0.1:${ports[region]}`, no_grpc_proxy: '127.0.0.1' },
  }))
}

export function relayConfig(
  { regions, links, linkScale, linkShape, folder }: Omit<LinkOptions, 'supervisor' | 'note'>,
  networks: readonly { readonly region: string; readonly host: string }[],
  ports: Readonly<Record<string, number>>,
): RelayConfig {
  return {
    controlSocket: join(folder, 'relay.sock'),
    regions: networks.map(({ region, host }) => ({ region, host, port: ports[region] ?? 0 })),
    links: links
      .filter((link) => regions.includes(link.fromRegion) && regions.includes(link.toRegion))
      .map((link) => ({
        from: link.fromRegion,
        to: link.toRegion,
        mbitPerSecond: linkShape?.mbitPerSecond ?? link.mbitPerSecond * linkScale,
        roundTripMs: linkShape?.roundTripMs ?? link.roundTripMs / linkScale,
      })),
  }
}

function portsOf(ready: Ready | null): Readonly<Record<string, number>> {
  return (ready?.['ports'] ?? {}) as Readonly<Record<string, number>>
}

function loopbackHost(index: number): string {
  return `127.0.${Math.floor(index / 256)}.${index % 256}`
}
