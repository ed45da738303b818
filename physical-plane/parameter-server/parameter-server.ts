// One partition with everything around it: its workers' exchange, its peers, its agent and its disk.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceServiceHandlers } from '#proto/generated/cloudless/v1/InstanceService.ts'
import { openClient } from '#proto/rpc/client.ts'
import { serve } from '#proto/rpc/serve.ts'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import type { Random } from '#runtime/random.ts'
import { AgentLink } from './agent-link.ts'
import { HashThread } from './checkpoints/hash-thread.ts'
import { ObjectCheckpoints, partitionPrefix } from './checkpoints/object-checkpoints.ts'
import { ownShards, partitionOptionsOf, type ParameterServerConfig } from './config-file.ts'
import { closingMs, lingerMs, statusMs } from './config.ts'
import { openWorkerExchange } from './exchange/worker-exchange.ts'
import { writeModelFile } from './model-file.ts'
import { Partition } from './partition.ts'
import { watchMessageBytesMax } from './peers/config.ts'
import { peerOpener } from './peers/open-peer.ts'
import { payloadMemory } from './peers/payload-memory.ts'
import { PeerLinks } from './peers/peer-links.ts'
import { createPeerService } from './peers/peer-service.ts'
import { VectorMemory } from './replica/memory.ts'

export type ParameterServerLinks = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
}

/** Resolves when nobody needs it any more or the signal is aborted; rejects when the partition failed. */
export async function runParameterServer(
  config: ParameterServerConfig,
  links: ParameterServerLinks,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, metrics } = links
  const { jobId, region, spec, instanceId, attempt } = config
  const memory = VectorMemory.create({ thread: true, onFull: (full) => log.warn(full, arenaIsFull) })
  const modelPath = join(config.stateDir, 'model.safetensors')
  const options = partitionOptionsOf(config)
  const hashes = new HashThread()
  const taken = Promise.withResolvers<never>()
  const peerLinks = new PeerLinks({
    jobId,
    memory: payloadMemory(memory),
    clock,
    random,
    log,
    open: peerOpener(clock),
  })
  const partition = await Partition.open(options, {
    clock,
    log,
    memory,
    random,
    fetcher: peerLinks,
    checkpoints: new ObjectCheckpoints({
      objects: openObjects(config.objectStore, 'objectStore', random),
      prefix: partitionPrefix(jobId, region),
      sha256: (values) => hashes.sha256(values),
      log,
    }),
    onTaken: (error) => taken.reject(error),
    publishModel: async (layout, values) => {
      await writeModelFile(modelPath, layout, values, { job: jobId, strategy: options.sync.strategy })
      return modelPath
    },
  })
  const exchange = await openWorkerExchange({
    side: partition,
    memory,
    sharedDir: config.sharedDir,
    stallTimeoutMs: options.stallTimeoutMs,
    clock,
    random,
    log,
    job: {
      jobId,
      seed: options.seed,
      epochs: options.epochs,
      shards: ownShards(config),
      holdout: options.hasHoldout ? (spec.holdout ?? null) : null,
    },
  })
  const serving = { clock, log, metrics }
  const workers = await serve({
    ...serving,
    services: { 'cloudless.v1.WorkerService': exchange.service },
    listen: { socketPath: config.workerSocket },
  })
  const peers = await serve({
    ...serving,
    services: { 'cloudless.v1.PeerService': createPeerService({ side: partition.exchange, jobId, log }) },
    listen: { host: config.bindHost, port: 0 },
    // The first header holds the model's layout.
    messageBytesMax: watchMessageBytesMax,
  })
  const agentAddress = config.agentSocket.startsWith('unix:') ? config.agentSocket : `unix:${config.agentSocket}`
  const agent = openClient<InstanceServiceHandlers>('cloudless.v1.InstanceService', agentAddress, { clock })
  const endpoint = `${config.advertiseHost}:${peers.address.slice(peers.address.lastIndexOf(':') + 1)}`
  partition.exchange.endpoint = endpoint
  peerLinks.start(partition.exchange)
  const link = new AgentLink({
    partition,
    jobId,
    instanceId,
    attempt,
    endpoint,
    clock,
    random,
    log,
    workerEndpoint: workers.address,
    client: agent,
  })
  const linkLife = new AbortController()
  const linked = link.run(linkLife.signal)
  log.info({ endpoint, workerEndpoint: workers.address }, 'parameter server listens')
  try {
    await Promise.race([untilReleased(partition, link, clock, log, signal), taken.promise])
  } finally {
    partition.tellLeaving()
    // No step after the last checkpoint, which then holds all that workers were told is done.
    await exchange.stop()
    // Peers hear the last acknowledgements, then the rest goes in the order in which it came.
    await peerLinks.stop()
    await partition.stop()
    await hashes.stop()
    linkLife.abort()
    await linked
    agent.close()
    await Promise.all([workers.stop(closingMs), peers.stop(closingMs)])
    await memory.stop()
    await rm(config.workerSocket, { force: true })
  }
}

/**
 * Until everybody knows that this partition has finished. Who is heard and has not finished is waited for; who is silent
 * for `lingerMs` after the end is the control plane's concern.
 */
export async function untilReleased(
  partition: Partition,
  link: AgentLink,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let endsAtMs: number | null = null
  while (!signal.aborted) {
    if (partition.failure !== null) throw partition.failure
    // Without the agent's word the run would count as incomplete, so only peers and workers are given up on.
    if (link.hasAcknowledgedEnd) {
      if (partition.isReleased) return
      endsAtMs ??= clock.monotonicMs() + lingerMs
      if (clock.monotonicMs() >= endsAtMs && partition.isLeftAlone) {
        return log.warn({ lingerMs }, 'ending though a silent peer or worker never said that it is done')
      }
    }
    const change = new AbortController()
    const timer = clock.after(statusMs, () => change.abort())
    await partition.changed.wait(AbortSignal.any([signal, change.signal])).catch(() => {})
    timer.cancel()
  }
}

const arenaIsFull =
  'vectors that find no room in the arena are computed by plain JavaScript, many times more slowly; a smaller model or an optimiser with less state fits'
