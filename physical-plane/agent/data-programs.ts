// What is started to move training data: in its own region a server that gives it, where it goes a stager that fetches it.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isInBucket } from '#physical-plane/data/bucket-address.ts'
import type { DataServerConfig, DataStagerConfig } from '#physical-plane/data/config-file.ts'
import { partitionPrefix } from '#physical-plane/parameter-server/checkpoints/object-checkpoints.ts'
import { invalid } from '#runtime/errors.ts'
import type { DesiredInstance } from './desired.ts'
import type { ProgramOptions } from './programs.ts'
import { checkpointUri, shardsToStage } from './staged-data.ts'

type LogLevel = DataServerConfig['logLevel']

/** Gives the partition all that the job has in this region, held-out data included. */
export function dataServerConfig(
  instance: DesiredInstance,
  attempt: number,
  options: ProgramOptions,
): DataServerConfig {
  const { id: instanceId, jobId, region, partition, partitions, spec, checkpointFrom } = instance
  const { folders, objects, bindHost, advertiseHost, logLevel } = options
  const own = partitions.find((each) => each.partition === partition)
  if (own === undefined) throw noPartition(partition)
  const { place, dataRegions } = own
  // Another partition's data stays, although this one has run here.
  const isGiven = (each: { readonly region: string; readonly uri: string }): boolean =>
    each.region === region && dataRegions.includes(region) && !isInBucket(each.uri)
  const data = [...spec.shards, ...(spec.holdout === null ? [] : [spec.holdout])]
  const uris = [...new Set(data.filter(isGiven).map(({ uri }) => uri))]
  const gives = uris.map((uri) => ({ uri, path: fileURLToPath(uri), isOptional: false }))
  if (checkpointFrom === region) {
    const path = join(fileURLToPath(objects.address), partitionPrefix(jobId, partition))
    gives.push({ uri: checkpointUri(jobId, partition), path, isOptional: true })
  }
  return {
    instanceId,
    attempt,
    jobId,
    region,
    agentSocket: folders.agentSocket,
    logLevel: logLevel as LogLevel,
    receivers: [place],
    gives,
    bindHost,
    advertiseHost,
    stateDir: join(folders.job(jobId), `data-server-${encodeURIComponent(instanceId)}`),
  }
}

export function dataStagerConfig(
  instance: DesiredInstance,
  attempt: number,
  options: ProgramOptions,
): DataStagerConfig {
  const { id: instanceId, jobId, region } = instance
  const { folders, logLevel } = options
  const bySource = Map.groupBy(shardsToStage(instance, folders), ({ region: from, uri }) => {
    return isInBucket(uri) ? `${from} ${uri}` : from
  })
  return {
    instanceId,
    attempt,
    jobId,
    region,
    agentSocket: folders.agentSocket,
    logLevel: logLevel as LogLevel,
    sources: [...bySource.values()].map((shards) => {
      return { region: shards[0]!.region, shards: shards.map(({ uri, path }) => ({ uri, path })) }
    }),
    folder: folders.staged(jobId),
  }
}

function noPartition(partition: string): Error {
  const description = `names no partition ${partition}; update the control plane`
  return invalid([{ field: 'instance.partitions', description }])
}
