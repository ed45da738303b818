// What is known of each partition of a job: its parameter server, its workers, and how long its region is unseen.
import type { Job } from '#control-plane/model/job.ts'
import type { Agent, Instance, PartitionPhase, Staging } from '#control-plane/model/snapshot.ts'
import { isOfData, sourcesOf, stagerOf, type Sources } from './data-on-its-way.ts'

export type PartitionView = {
  /** Its name. */
  readonly region: string
  /** Where it is to run. */
  readonly place: string
  /** Share of the job's samples that lies here. */
  readonly dataShare: number
  /** Null before the partition has instances. */
  readonly parameterServer: Instance | null
  readonly instances: readonly Instance[]
  /** Of these, what moves its data. */
  readonly data: readonly Instance[]
  readonly phase: PartitionPhase
  /** Null where its data is where it runs. */
  readonly staging: StagingView | null
  /** 0 while its agent is connected. */
  readonly unseenMs: number
  readonly isPruned: boolean
}

export type StagingView = Staging & {
  /** Where data comes from, and how long its agent is unseen: 0 while it is connected, or where it needs none. */
  readonly sources: readonly { readonly region: string; readonly unseenMs: number }[]
}

/** In ascending order of region, one per partition of the job's plan. */
export function viewPartitions(
  job: Job,
  instances: readonly Instance[],
  agents: ReadonlyMap<string, Agent>,
  nowMs: number,
): readonly PartitionView[] {
  const partitions = job.plan?.partitions ?? []
  const samples = partitions.reduce((sum, partition) => sum + partition.samples, 0)
  const pruned = new Set(job.addressBook.peers.filter((peer) => peer.isPruned).map((peer) => peer.region))
  const byPartition = Map.groupBy(instances, (instance) => instance.partition)
  return partitions.map((partition): PartitionView => {
    const { region, place } = partition
    const here = byPartition.get(region) ?? []
    const parameterServer = parameterServerOf(here)
    const data = here.filter(isOfData)
    return {
      region,
      place,
      dataShare: samples > 0 ? partition.samples / samples : 0,
      parameterServer,
      instances: here,
      data,
      phase: phaseOf(parameterServer),
      staging: stagingOf(sourcesOf(partition, job.spec), data, (source) => unseenMs(agents.get(source), job, nowMs)),
      unseenMs: unseenMs(agents.get(place), job, nowMs),
      isPruned: pruned.has(region),
    }
  })
}

/** The one that is wanted; while a partition moves, the one that it had last. */
function parameterServerOf(instances: readonly Instance[]): Instance | null {
  const servers = instances.filter((instance) => instance.role === 'parameter-server')
  return servers.find((server) => !server.isReleased) ?? servers.at(-1) ?? null
}

function stagingOf(
  { regions }: Sources,
  data: readonly Instance[],
  unseenMsOf: (region: string) => number,
): StagingView | null {
  const stager = stagerOf(data)
  if (stager === null) return null
  const servers = data.filter(({ role, isReleased }) => role === 'data-server' && !isReleased)
  const served = new Set(servers.map(({ region }) => region))
  const sources = [...new Set([...regions, ...served])].sort().map((region) => {
    return { region, unseenMs: served.has(region) ? unseenMsOf(region) : 0 }
  })
  return { bytesDone: 0, bytesTotal: 0, ...stager.staging, sources }
}

/** Once a parameter server has ended well it finished, whatever it said last. */
function phaseOf(parameterServer: Instance | null): PartitionPhase {
  if (parameterServer?.state === 'completed') return 'finished'
  return parameterServer?.progress?.phase ?? 'starting'
}

function unseenMs(agent: Agent | undefined, job: Job, nowMs: number): number {
  if (agent?.isConnected === true) return 0
  const begunAtMs = Math.max(job.startedAtMs ?? nowMs, job.resumption?.atMs ?? 0)
  const lastSeenAtMs = Math.max(agent?.lastHeartbeatAtMs ?? 0, begunAtMs)
  return Math.max(1, nowMs - lastSeenAtMs)
}

export function isLost(view: PartitionView): boolean {
  return view.unseenMs > 0
}

/** It has parameters and works on them, or has done so. */
export function goesOn(view: PartitionView): boolean {
  return view.phase !== 'starting' && view.phase !== 'failed'
}

/** No samples are left for it to train on. */
export function isDrained(view: PartitionView): boolean {
  return view.phase === 'draining' || view.phase === 'evaluating' || view.phase === 'finished'
}

/**
 * The region that uploads the final model: the lowest one. Should it be out of sight at the end, then the lowest one
 * that is in sight; after the final synchronisation all hold the same model.
 */
export function uploaderOf(job: Job, agents: ReadonlyMap<string, Agent>): string {
  const inJob = job.addressBook.peers.filter((peer) => !peer.isPruned).map((peer) => peer.region)
  const placeOf = new Map(job.plan?.partitions.map(({ region, place }) => [region, place]))
  const isInSight = (region: string): boolean => agents.get(placeOf.get(region) ?? region)?.isConnected === true
  const inSight = job.state === 'finishing' ? inJob.find(isInSight) : undefined
  return inSight ?? inJob[0] ?? ''
}
