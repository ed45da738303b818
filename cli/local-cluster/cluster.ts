// A whole installation on this computer: the control plane, one agent per region and the link relay between them, each
// a process of its own, looked after while the returned value lives and stopped in order by `stop`.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#runtime/clock.ts'
import { present } from '#runtime/assert.ts'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { waits } from '../config.ts'
import { nearestKey } from '../nearest-key.ts'
import type { Environment } from '../server-address.ts'
import { openServices, type Services } from '../services.ts'
import { startLinks, type LinkShape, type RegionNetwork } from './links.ts'
import { identify, isAlive } from './process-identity.ts'
import { readClusterState, removeClusterState, writeClusterState } from './state-file.ts'
import { clusterVariable, stopLeftovers, stopRecorded } from './stop-recorded.ts'
import { openSupervisor, type Ready, type Supervisor } from './supervisor.ts'

export type ClusterOptions = {
  /** Everything the cluster keeps: its database, the regions' stores, logs and the state file. */
  readonly folder: string
  readonly regions: readonly string[]
  readonly cpuUnits: number
  /** Rates are multiplied by this and round trips divided by it; 1 is the link table as it is. */
  readonly linkScale: number
  /** Every link alike, instead of the link table. */
  readonly linkShape?: LinkShape
  /** How long a process that died stays down, where it shall not be the usual time. */
  readonly restartAfterMs?: number
  /** An operator's own files over the bundled catalogue, lowest first. */
  readonly catalogues?: readonly string[]
  /** Prices that clouds were asked for; without it the versioned ones alone count. */
  readonly fetchedFolder?: string
  /** Further flags of a region's agent, such as `--market`. */
  readonly agentFlags?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly python: string
  readonly environment: Environment
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

export type Cluster = {
  readonly address: string
  readonly controlPlaneStartMs: number
  /** Resolves with a sentence when the cluster cannot go on. */
  readonly failed: Promise<string>
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '../..')

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, clock, note } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await cleanStale(options)
  const supervisor = openSupervisor({
    folder,
    environment: { ...options.environment, [clusterVariable]: folder },
    clock,
    signal: options.signal,
    note,
    onChange: (processes) => save(options, '', processes),
    restartAfterMs: options.restartAfterMs ?? waits.processRestartMs,
  })
  try {
    save(options, '', [])
    const startedMs = clock.monotonicMs()
    const address = await startControlPlane(options, supervisor)
    const controlPlaneStartMs = clock.monotonicMs() - startedMs
    note(`control plane listens on ${address} (${(controlPlaneStartMs / 1000).toFixed(1)} s)`)
    using services = openServices(address, clock)
    await checkRegions(options.regions, services, options.signal)
    const { links } = await services.regions.listLinks({}, { signal: options.signal })
    const networks = await startLinks({ ...options, links, supervisor })
    await Promise.all(networks.map((network) => startAgent(options, supervisor, address, network)))
    await agentsConnected(options, services)
    supervisor.onChange((processes) => save(options, address, processes))
    note(`agents of ${options.regions.join(', ')} are connected`)
    return { address, controlPlaneStartMs, failed: supervisor.failed, stop: () => stop(options, supervisor) }
  } catch (error) {
    await stop(options, supervisor)
    throw error
  }
}

/** One cluster per folder at a time. */
export function refuseSecond(folder: string): void {
  const state = readClusterState(folder)
  if (state === null || !isAlive(state.owner)) return
  const text = `a local cluster is running already (process ${state.owner.pid}); \`cloudless down\` stops it`
  throw new CloudlessError('conflict', 'CLUSTER_RUNNING', text)
}

async function cleanStale({ folder, clock, note }: ClusterOptions): Promise<void> {
  refuseSecond(folder)
  const state = readClusterState(folder)
  if (state === null) return
  const stopped = await stopRecorded(folder, state, clock)
  note(`cleaned up after a local cluster that had crashed (${stopped} processes were left)`)
}

async function startControlPlane(options: ClusterOptions, supervisor: Supervisor): Promise<string> {
  const script = join(root, 'control-plane/main.ts')
  const data = join(options.folder, 'control-plane')
  const ready = await supervisor.start({
    name: 'control-plane',
    // A restart listens where the agents look for it.
    argumentsFor: (earlier) => {
      const listen = addressOf(earlier) ?? '127.0.0.1:0'
      const fetched = options.fetchedFolder === undefined ? [] : ['--catalogue-fetched', options.fetchedFolder]
      const own = (options.catalogues ?? []).flatMap((path) => ['--catalogue', path])
      return [script, '--data', data, '--listen', listen, ...own, ...fetched]
    },
  })
  return present(addressOf(ready), "the control plane's address")
}

function addressOf(ready: Ready | null): string | null {
  const address = ready?.['address']
  return typeof address === 'string' ? address : null
}

async function startAgent(
  options: ClusterOptions,
  supervisor: Supervisor,
  address: string,
  network: RegionNetwork,
): Promise<void> {
  const script = join(root, 'physical-plane/agent/main.ts')
  const name = network.region.replace('/', '-')
  const given: Readonly<Record<string, string>> = {
    '--control-plane': address,
    '--region': network.region,
    '--state': join(options.folder, name),
    '--cpu-units': String(options.cpuUnits),
    '--python': options.python,
    '--bind-host': network.host,
    '--advertise-host': network.host,
    ...options.agentFlags?.[network.region],
  }
  const args = [script, ...Object.entries(given).flat()]
  await supervisor.start({ name: `agent-${name}`, argumentsFor: () => args, environment: network.environment })
}

async function checkRegions(regions: readonly string[], services: Services, signal: AbortSignal): Promise<void> {
  const answer = await services.regions.listRegions({}, { signal })
  const known = answer.regions.map(({ name }) => name)
  const violations = regions
    .filter((region) => !known.includes(region))
    .map((region) => {
      const nearest = nearestKey(region, known)
      const fix = nearest === null ? `the catalogue has ${known.join(', ')}` : `did you mean "${nearest}"?`
      return { field: '--regions', description: `"${region}" is not in the catalogue; ${fix}` }
    })
  if (violations.length > 0) throw invalid(violations, 'UNKNOWN_REGION')
}

async function agentsConnected(options: ClusterOptions, services: Services): Promise<void> {
  const { clock, signal } = options
  const untilMs = clock.monotonicMs() + waits.agentsConnectMs
  for (;;) {
    const { regions } = await services.regions.listRegions({}, { signal })
    const missing = options.regions.filter(
      (name) => regions.find((region) => region.name === name)?.agentState !== 'AGENT_STATE_CONNECTED',
    )
    if (missing.length === 0) return
    if (signal.aborted) throw new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted while agents were starting')
    if (clock.monotonicMs() > untilMs) {
      const text = `agents of ${missing.join(', ')} did not register within ${waits.agentsConnectMs / 1000} s; see ${logsFolder(options)}`
      throw new CloudlessError('unavailable', 'START_FAILED', text)
    }
    await clock.sleep(waits.pollMs, signal)
  }
}

async function stop(options: ClusterOptions, supervisor: Supervisor): Promise<void> {
  await supervisor.stop()
  await stopLeftovers(options.folder, options.clock)
  removeClusterState(options.folder)
  rmSync(join(options.folder, 'links.json'), { force: true })
}

function save(options: ClusterOptions, address: string, processes: Supervisor['processes']): void {
  const owner = present(identify(process.pid), 'own process')
  writeClusterState(options.folder, {
    version: 1,
    address,
    regions: [...options.regions],
    owner,
    processes: processes.map((each) => ({ ...each })),
  })
}

function logsFolder(options: Pick<ClusterOptions, 'folder'>): string {
  return join(options.folder, 'logs')
}
