// A whole parameter server for one region in this process: real partition, arena, bell and gRPC service, with the durable
// state in memory. Python workers join it as they join any other.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { memoryCheckpoints } from '#physical-plane/parameter-server/checkpoint.ts'
import { openWorkerExchange } from '#physical-plane/parameter-server/exchange/worker-exchange.ts'
import type { WorkerJob } from '#physical-plane/parameter-server/exchange/worker-service.ts'
import { writeModelFile } from '#physical-plane/parameter-server/model-file.ts'
import { Partition } from '#physical-plane/parameter-server/partition.ts'
import type { Layout } from '#physical-plane/parameter-server/replica/layout.ts'
import { VectorMemory } from '#physical-plane/parameter-server/replica/memory.ts'
import type { PeerFetcher } from '#physical-plane/parameter-server/peers/peer-side.ts'
import { serve } from '#proto/rpc/serve.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { systemRandom } from '#runtime/random.ts'

export type OnePartitionOptions = {
  readonly clock: Clock
  /** For sockets, and the shared files where there is no /dev/shm; short, since a Unix socket's path is. */
  readonly folder: string
  readonly job: Omit<WorkerJob, 'jobId'>
  readonly leaseSamples: number
  /** Default: a Unix socket in `folder`. */
  readonly listen?: { readonly host: string; readonly port: number }
}

export type OnePartition = {
  /** What a worker finds in CLOUDLESS_PARAMETER_SERVER. */
  readonly address: string
  readonly partition: () => Partition
  /** As after kill -9: sessions and everything since the last checkpoint are gone. */
  readonly crash: () => Promise<void>
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

export const jobId = 'one-partition'
export const region = 'onprem/lab'
/** The trained model, in `folder`. */
export const modelName = 'model.safetensors'

const arenaBytes = 1 << 30
const sync = resolveSync({ strategy: 'asgd' }, { regions: 1 }).settings
/** There is no other region to fetch from. */
const nobody: PeerFetcher = {
  fetch: (from) => Promise.reject(new CloudlessError('not-found', 'NO_PEERS', `there is no region ${from}`)),
}

export async function openOnePartition(options: OnePartitionOptions): Promise<OnePartition> {
  const { clock, folder, job } = options
  const log = silentLog
  const checkpoints = memoryCheckpoints()
  const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : folder
  const sharedDir = join(memoryFolder, `cloudless-one-${process.pid}-${systemRandom().uuid().slice(0, 8)}`)
  mkdirSync(sharedDir, { recursive: true })
  const listen = options.listen ?? { socketPath: join(folder, 'worker.sock') }

  const publishModel = async (layout: Layout, values: Float32Array): Promise<string> => {
    const path = join(folder, modelName)
    await writeModelFile(path, layout, values, { job: jobId })
    return path
  }

  const open = async () => {
    const memory = VectorMemory.create({ bytes: arenaBytes, thread: true })
    const samples = job.shards.reduce((sum, shard) => sum + shard.samples, 0)
    const partition = await Partition.open(
      {
        jobId,
        region,
        members: [{ region, dataShare: 1 }],
        samples,
        epochs: job.epochs,
        leaseSamples: options.leaseSamples,
        stallTimeoutMs: 60_000,
        workerMode: 'asynchronous',
        sync,
        parts: present(strategies.get(sync.strategy), 'the strategy').parts(sync),
        attempt,
        moves: 0,
        seed: job.seed,
        hasHoldout: job.holdout !== null,
      },
      { clock, log, memory, checkpoints, random: systemRandom(), fetcher: nobody, publishModel },
    )
    const exchange = await openWorkerExchange({
      side: partition,
      memory,
      sharedDir,
      stallTimeoutMs: 60_000,
      clock,
      random: systemRandom(),
      log,
      job: { ...job, jobId },
      bellPath: join(folder, 'bell.sock'),
    })
    const services = { 'cloudless.v1.WorkerService': exchange.service }
    const server = await serve({ services, listen, clock, log, metrics: createMetrics() })
    return { memory, partition, exchange, server }
  }

  let attempt = 1
  let running = await open()
  const close = async (): Promise<void> => {
    await running.exchange.stop()
    await running.server.stop(0)
  }
  return {
    address: running.server.address,
    partition: () => running.partition,
    crash: close,
    start: async () => {
      attempt += 1
      running = await open()
    },
    stop: async () => {
      await close()
      await running.partition.stop()
      await running.memory.stop()
      rmSync(sharedDir, { recursive: true, force: true })
    },
  }
}
