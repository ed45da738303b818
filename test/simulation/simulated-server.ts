// A parameter server of the simulated world: the same parts that its main process puts together, with the simulated
// network in place of gRPC and a disk in memory that outlives the process.
import type { DesiredInstance } from '#physical-plane/agent/desired.ts'
import { AgentLink } from '#physical-plane/parameter-server/agent-link.ts'
import type { CheckpointStore } from '#physical-plane/parameter-server/checkpoint.ts'
import { decodeConfig, partitionOptionsOf } from '#physical-plane/parameter-server/config-file.ts'
import { Partition } from '#physical-plane/parameter-server/partition.ts'
import { untilReleased } from '#physical-plane/parameter-server/parameter-server.ts'
import { payloadMemory } from '#physical-plane/parameter-server/peers/payload-memory.ts'
import { PeerLinks } from '#physical-plane/parameter-server/peers/peer-links.ts'
import { createPeerService } from '#physical-plane/parameter-server/peers/peer-service.ts'
import { VectorMemory } from '#physical-plane/parameter-server/replica/memory.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { SimulatedNetwork } from './network.ts'
import type { SimulatedNode } from './node.ts'

const arenaBytes = 2 ** 17
/** A checkpoint takes up to this long; what is not on the disk when its process dies never was. */
const diskMs = 40

export type SimulatedServerOptions = {
  readonly node: SimulatedNode
  readonly network: SimulatedNetwork
  readonly random: Random
  readonly log: Log
  readonly instance: DesiredInstance
  readonly attempt: number
  readonly checkpoints: CheckpointStore
  readonly agentAddress: string
  readonly onOpen: (partition: Partition) => void
  readonly onModel: (values: Float32Array) => void
}

/** Resolves with the exit code. */
export async function runServer(options: SimulatedServerOptions, signal: AbortSignal): Promise<number> {
  const { node, network, random, log, instance, attempt } = options
  const { clock } = node
  const { id: instanceId, jobId, region } = instance
  const config = decodeConfig({
    instanceId,
    attempt,
    jobId,
    region,
    spec: instance.spec,
    bindHost: region,
    advertiseHost: region,
    workerSocket: 'worker',
    agentSocket: 'agent',
    stateDir: 'state',
    objectStore: 'file:///objects',
    sharedDir: 'shared',
    logLevel: 'silent',
    workers: instance.workers,
    dataShare: instance.dataShare,
  })
  // A small arena: thousands of small partitions live and die in one process.
  const memory = VectorMemory.create(arenaBytes)
  const peerLinks = new PeerLinks({
    jobId,
    memory: payloadMemory(memory),
    clock,
    random,
    log,
    open: (address) => network.client('cloudless.v1.PeerService', node, address),
  })
  const partition = await Partition.open(partitionOptionsOf(config), {
    clock,
    log,
    memory,
    random,
    fetcher: peerLinks,
    checkpoints: onDisk(options.checkpoints, clock, random),
    publishModel: (_, values) => {
      options.onModel(values.slice())
      return Promise.resolve(`model:${jobId}`)
    },
  })
  const endpoint = `${region}:${jobId}:${attempt}`
  const close = network.listen(node, endpoint, {
    'cloudless.v1.PeerService': createPeerService({ side: partition.exchange, jobId, log }),
  })
  partition.exchange.endpoint = endpoint
  peerLinks.start(partition.exchange)
  options.onOpen(partition)
  const client = network.client('cloudless.v1.InstanceService', node, options.agentAddress)
  const link = new AgentLink({
    partition,
    jobId,
    instanceId,
    attempt,
    endpoint,
    workerEndpoint: 'worker',
    client,
    clock,
    random,
    log,
  })
  const linkLife = new AbortController()
  const linked = link.run(linkLife.signal)
  try {
    await untilReleased(partition, link, clock, log, signal)
    return 0
  } catch {
    return 1
  } finally {
    await peerLinks.stop()
    await partition.stop()
    linkLife.abort()
    await linked
    close()
  }
}

/** What a checkpoint holds is copied at the end, so that a vector which changes although it may not is found. */
function onDisk(store: CheckpointStore, clock: Clock, random: Random): CheckpointStore {
  return {
    load: () => store.load(),
    save: async (snapshot) => {
      await clock.sleep(diskMs * random.next())
      await store.save(snapshot)
    },
  }
}
