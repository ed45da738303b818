// A parameter server of the simulated world: the same parts that its main process puts together, with the simulated
// network in place of gRPC and a disk in memory that outlives the process.
import type { DesiredInstance } from '#physical-plane/agent/desired.ts'
import { AgentLink } from '#physical-plane/parameter-server/agent-link.ts'
import type { CheckpointStore } from '#physical-plane/parameter-server/checkpoint.ts'
import { decodeConfig, partitionOptionsOf } from '#physical-plane/parameter-server/config-file.ts'
import { Partition } from '#physical-plane/parameter-server/partition.ts'
import { untilReleased } from '#physical-plane/parameter-server/parameter-server.ts'
import { PeerPuller } from '#physical-plane/parameter-server/peer-puller.ts'
import { createPeerService } from '#physical-plane/parameter-server/peer-service.ts'
import { VectorMemory } from '#physical-plane/parameter-server/replica/memory.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { SimulatedNetwork } from './network.ts'
import type { SimulatedNode } from './node.ts'

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
  const memory = VectorMemory.create(2 ** 16)
  const partition = await Partition.open(partitionOptionsOf(config), {
    clock,
    log,
    memory,
    checkpoints: options.checkpoints,
    publishModel: (_, values) => {
      options.onModel(values.slice())
      return Promise.resolve(`model:${jobId}`)
    },
  })
  const endpoint = `${region}:${jobId}:${attempt}`
  const close = network.listen(node, endpoint, {
    'cloudless.v1.PeerService': createPeerService({ partition, jobId, log }),
  })
  options.onOpen(partition)
  const open = (address: string) => network.client('cloudless.v1.PeerService', node, address)
  const puller = new PeerPuller({ partition, jobId, memory, clock, random, log, open })
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
    await puller.stop()
    await partition.stop()
    linkLife.abort()
    await linked
    close()
  }
}
