// The agent of one region as a process: reads flags, makes the real clock, processes and connections, and runs the core.
// Exit codes: 0 stopped, 1 failed, 2 wrong flags, 3 refused by the control plane or by another agent on this state folder.
import { availableParallelism, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { isLoopbackHost } from '#runtime/loopback.ts'
import { openLog, type LogLevel } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { systemRandom } from '#runtime/random.ts'
import { parseMetricsAddress, serveMetrics, type Address } from '#runtime/serve-metrics.ts'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import { openClient } from '#proto/rpc/client.ts'
import { serve } from '#proto/rpc/serve.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import { Agent } from './agent.ts'
import { BundleCache } from './bundle-cache.ts'
import { agentConfig } from './config.ts'
import { cpuPool } from './devices.ts'
import { openFolders } from './folders.ts'
import { FunctionRuntime } from './function-runtime.ts'
import { findGpus } from './gpus.ts'
import { nextIdentity } from './identity.ts'
import { Journal } from './journal.ts'
import { JournalFile } from './journal-file.ts'
import { uploadModelFile } from './model-file.ts'
import { lockState } from './state-lock.ts'

type Flags = {
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
}

const version = '0.1.0'

const usage = `usage: node physical-plane/agent/main.ts --control-plane HOST:PORT --region NAME --state DIR [options]

  --control-plane   host:port that the agent dials out to
  --region NAME     of the catalogue, for example onprem/lab; one agent per region
  --state DIR       where the agent keeps what outlives it; made when absent
  --object-store    file:// address of the folder for checkpoints; DIR/objects when absent
  --bind-host       address that parameter servers listen on, each on a free port; 127.0.0.1 when absent
  --advertise-host  how other regions reach that address, where it differs
  --allow-remote    permits addresses other than loopback: there is no authentication yet
  --python FILE     interpreter of training functions; CLOUDLESS_PYTHON or python3 when absent
  --cpu-units N     CPU units to offer; all cores when absent
  --keep-instances  leave instances running when the agent is told to stop
  --metrics-listen  host:port of GET /metrics for Prometheus; off when absent
  --log-level       debug, info, warn, error or silent`

/** Null where only the usage is wanted. */
function readFlags(): Flags | null {
  const { values } = parseArgs({
    options: {
      'control-plane': { type: 'string' },
      region: { type: 'string' },
      state: { type: 'string' },
      'object-store': { type: 'string' },
      'cpu-units': { type: 'string' },
      'bind-host': { type: 'string', default: '127.0.0.1' },
      'advertise-host': { type: 'string' },
      python: { type: 'string' },
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
    metricsListen:
      values['metrics-listen'] === undefined
        ? null
        : parseMetricsAddress(values['metrics-listen'], values['allow-remote']),
  }
}

async function main(flags: Flags): Promise<number> {
  const clock = systemClock()
  const random = systemRandom()
  const metrics = createMetrics()
  const log = openLog({ name: 'agent', level: flags.logLevel, clock }).child({ region: flags.region })
  const objects = openObjects(flags.objectStore, '--object-store', random)
  const folders = openFolders(flags.state)
  const lock = await lockState(folders.state)
  const devices = [cpuPool(flags.cpuUnits, totalmem()), ...(await findGpus(log))]
  const storage = new JournalFile(folders.journal, log)
  const journal = await Journal.open({ storage, clock, log, config: agentConfig })
  const identity = await nextIdentity(journal, random)
  const fleet = openClient<FleetServiceHandlers>('cloudless.v1.FleetService', flags.controlPlane, {
    clock,
    usesProxy: false,
  })
  const bundles = new BundleCache(folders.bundles, fleet, clock)
  await bundles.clean()
  const runtime = new FunctionRuntime(new ProcessRuntime({ folder: folders.instances, clock, random, log }), bundles, {
    folders,
    region: flags.region,
    objects,
    python: flags.python,
    bindHost: flags.bindHost,
    advertiseHost: flags.advertiseHost,
    logLevel: flags.logLevel,
    environment: process.env,
    parameterServerScript: join(import.meta.dirname, '..', 'parameter-server', 'main.ts'),
    threadsPerGpu: Math.max(1, Math.floor(availableParallelism() / Math.max(1, devices.length - 1))),
  })
  const uploadModel = uploadModelFile(fleet)
  const { region } = flags
  const given = { clock, random, log, metrics }
  const agent = new Agent({ ...given, runtime, fleet, uploadModel, journal, region, version, devices, ...identity })
  const desk = await serve({
    services: { 'cloudless.v1.InstanceService': agent.instanceService },
    listen: { socketPath: folders.agentSocket },
    ...given,
  })
  const metricsServer = flags.metricsListen === null ? null : await serveMetrics(metrics, flags.metricsListen, log)
  await agent.start()
  let stopping: Promise<void> | null = null
  const stop = (keepInstances: boolean, why: string): void => {
    log.info({ keepInstances, why }, 'agent stops')
    stopping ??= agent.stop({ keepInstances })
  }
  process.on('SIGTERM', () => stop(flags.keepsInstances, 'SIGTERM'))
  process.on('SIGINT', () => stop(flags.keepsInstances, 'SIGINT'))
  process.on('SIGUSR2', () => stop(true, 'SIGUSR2'))
  const ready = { ready: true, region, agentId: identity.agentId, state: folders.state }
  process.stdout.write(`${JSON.stringify({ ...ready, ...(metricsServer && { metrics: metricsServer.address }) })}\n`)
  const end = await agent.run()
  await (stopping ?? agent.stop({ keepInstances: true }))
  await desk.stop(0)
  await metricsServer?.stop()
  fleet.close()
  await storage.close()
  lock.release()
  if (end.kind === 'stopped') return 0
  process.stderr.write(`agent of ${region}: refused by the control plane: ${end.because}\n`)
  return 3
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CloudlessError && error.reason === 'STATE_IN_USE') return 3
  if (error instanceof CloudlessError && error.kind === 'invalid') return 2
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS') ? 2 : 1
}

try {
  const flags = readFlags()
  if (flags === null) process.stdout.write(`${usage}\n`)
  else process.exitCode = await main(flags)
} catch (error) {
  process.stderr.write(`agent: ${messageOf(error)}\n`)
  process.exitCode = exitCodeOf(error)
}
// Adopted processes and kept sockets must not hold a finished agent.
process.exit()
