// The agent of one region as a process: reads flags, makes the real clock, processes and connections, and runs the core.
// Exit codes: 0 stopped, 1 failed, 2 wrong flags, 3 refused by the control plane or by another agent on this state folder.
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { openLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { systemRandom } from '#runtime/random.ts'
import { serveMetrics } from '#runtime/serve-metrics.ts'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import { placementPolicyOf } from '#physical-plane/gpu-sharing/placement/policies.ts'
import { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import { openClient } from '#proto/rpc/client.ts'
import { serve } from '#proto/rpc/serve.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import { Agent } from './agent.ts'
import { BundleCache } from './bundle-cache.ts'
import { agentConfig } from './config.ts'
import { watchForLoss } from './cloud-metadata/watch-for-loss.ts'
import { openMetadata, type MachineMetadata } from './cloud-metadata/machine-metadata.ts'
import { cpuPool, type Device } from './devices.ts'
import { readFlags, usage, type Flags } from './flags.ts'
import { openFolders } from './folders.ts'
import { FunctionRuntime } from './function-runtime.ts'
import { GatewayProcess } from './gateway-process.ts'
import { nextIdentity } from './identity.ts'
import { Journal } from './journal.ts'
import { JournalFile } from './journal-file.ts'
import { uploadModelFile } from './model-file.ts'
import { findGpus } from './find-gpus.ts'
import { watchGpus } from './nvidia/watch-gpus.ts'
import { plainPurchase, type Purchase } from './purchase.ts'
import { servingFiles } from './serving-status.ts'
import { readSharedWeights, watchWeights, type SharedWeights } from './shared-weights.ts'
import { lockState } from './state-lock.ts'

const version = '0.1.0'

async function main(flags: Flags): Promise<number> {
  const clock = systemClock()
  const random = systemRandom()
  const metrics = createMetrics()
  const log = openLog({ name: 'agent', level: flags.logLevel, clock }).child({ region: flags.region })
  const objects = openObjects(flags.objectStore, '--object-store', random)
  const folders = openFolders(flags.state)
  const lock = await lockState(folders.state)
  const found = await findGpus({ flags, folders, environment: process.env, clock, log, monotonicNs })
  const pool = cpuPool(flags.cpuUnits, totalmem())
  const devices = [pool, ...found.devices]
  const metadata = flags.cloudMetadata === null ? null : openMetadata(flags.cloudMetadata, '--cloud-metadata', clock)
  const purchase = await purchaseOf(flags, metadata)
  const storage = new JournalFile(folders.journal, log)
  const journal = await Journal.open({ storage, clock, log, config: agentConfig })
  const identity = await nextIdentity(journal, random)
  const fleet = openClient<FleetServiceHandlers>('cloudless.v1.FleetService', flags.controlPlane, {
    clock,
    usesProxy: false,
  })
  const bundles = new BundleCache(folders.bundles, fleet, clock)
  await bundles.clean()
  const { shares } = found
  const runtime = new FunctionRuntime(new ProcessRuntime({ folder: folders.instances, clock, random, log }), bundles, {
    folders,
    region: flags.region,
    objects,
    python: flags.python,
    bindHost: flags.bindHost,
    advertiseHost: flags.advertiseHost,
    logLevel: flags.logLevel,
    environment: process.env,
    shares,
    parameterServerScript: join(import.meta.dirname, '..', 'parameter-server', 'main.ts'),
    dataServerScript: join(import.meta.dirname, '..', 'data', 'server', 'main.ts'),
    dataStagerScript: join(import.meta.dirname, '..', 'data', 'stager', 'main.ts'),
    threadsPerGpu: Math.max(1, Math.floor(availableParallelism() / Math.max(1, devices.length - 1))),
  })
  const uploadModel = uploadModelFile(fleet)
  const { region } = flags
  const given = { clock, random, log, metrics }
  const readServing = servingFiles(folders)
  const { advertiseHost, logLevel } = flags
  const gateway =
    flags.gateway === null
      ? {}
      : {
          gateway: new GatewayProcess({
            ...given,
            ...flags.gateway,
            folder: folders.gateway,
            version,
            advertiseHost,
            logLevel,
            environment: process.env,
          }),
        }
  const placement = placementPolicyOf(flags.placement)
  const machine = { region, version, devices, shares, placement, purchase, readServing, ...gateway, ...identity }
  const agent = new Agent({ ...given, ...machine, runtime, fleet, uploadModel, journal })
  const desk = await serve({
    services: { 'cloudless.v1.InstanceService': agent.instanceService },
    listen: { socketPath: folders.agentSocket },
    ...given,
  })
  const metricsServer = flags.metricsListen === null ? null : await serveMetrics(metrics, flags.metricsListen, log)
  await agent.start()
  const ended = new AbortController()
  if (metadata !== null)
    void watchForLoss({ metadata, clock, log, onChange: (endsAtMs) => agent.endsAt(endsAtMs) }, ended.signal)
  const onChange = (gpus: readonly Device[]): void => agent.devicesAre([pool, ...gpus])
  if (found.watch !== null) void watchGpus({ ...found.watch, onChange }, found.devices, ended.signal)
  const read = (functionId: string) => readSharedWeights(functionId, folders.shared(functionId))
  const onWeights = (weights: readonly SharedWeights[]): void => agent.weightsAre(weights)
  const { weightsPollMs: pollMs } = agentConfig
  if (found.watch !== null)
    void watchWeights({ clock, pollMs, functions: () => agent.functions, read, onChange: onWeights }, ended.signal)
  let stopping: Promise<void> | null = null
  let leavesInstances = true
  const stop = (keepInstances: boolean, why: string): void => {
    log.info({ keepInstances, why }, 'agent stops')
    if (stopping !== null) return
    leavesInstances = keepInstances
    stopping = agent.stop({ keepInstances })
  }
  process.on('SIGTERM', () => stop(flags.keepsInstances, 'SIGTERM'))
  process.on('SIGINT', () => stop(flags.keepsInstances, 'SIGINT'))
  process.on('SIGUSR2', () => stop(true, 'SIGUSR2'))
  const ready = { ready: true, region, agentId: identity.agentId, state: folders.state }
  process.stdout.write(`${JSON.stringify({ ...ready, ...(metricsServer && { metrics: metricsServer.address }) })}\n`)
  const end = await agent.run()
  ended.abort()
  await (stopping ?? agent.stop({ keepInstances: true }))
  if (!leavesInstances) await found.mps?.stop()
  await desk.stop(0)
  await metricsServer?.stop()
  fleet.close()
  await storage.close()
  lock.release()
  if (end.kind === 'stopped') return 0
  process.stderr.write(`agent of ${region}: refused by the control plane: ${end.because}\n`)
  return 3
}

/** CLOCK_MONOTONIC, which processes on shared GPUs tell their times by. */
function monotonicNs(): number {
  return Number(process.hrtime.bigint())
}

/** What flags say comes before what the cloud says. */
async function purchaseOf({ purchase }: Flags, metadata: MachineMetadata | null): Promise<Purchase> {
  const told = metadata === null ? plainPurchase : await metadata.purchase()
  return {
    market: purchase.market ?? told.market,
    zone: purchase.zone ?? told.zone,
    instanceType: purchase.instanceType ?? told.instanceType,
  }
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
