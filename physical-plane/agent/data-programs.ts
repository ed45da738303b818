// What is started to move training data: in its own region a server that gives it, where it goes a stager that fetches it.
import { join } from 'node:path'
import { isInBucket } from '#physical-plane/data/bucket-address.ts'
import type { DataServerConfig, DataStagerConfig } from '#physical-plane/data/config-file.ts'
import { invalid } from '#runtime/errors.ts'
import type { DesiredInstance } from './desired.ts'
import type { ProgramOptions } from './programs.ts'
import { shardsToStage } from './staged-data.ts'

type LogLevel = DataServerConfig['logLevel']

/** Gives the partition all that the job has in this region, held-out data included. */
export function dataServerConfig(
  instance: DesiredInstance,
  attempt: number,
  options: ProgramOptions,
): DataServerConfig {
  const { id: instanceId, jobId, region, partition, partitions, spec } = instance
  const { folders, bindHost, advertiseHost, logLevel } = options
  const place = partitions.find((each) => each.partition === partition)?.place
  if (place === undefined) throw noPartition(partition)
  const data = [...spec.shards, ...(spec.holdout === null ? [] : [spec.holdout])]
  return {
    instanceId,
    attempt,
    jobId,
    region,
    agentSocket: folders.agentSocket,
    logLevel: logLevel as LogLevel,
    receivers: [place],
    uris: [...new Set(data.filter((each) => each.region === region && !isInBucket(each.uri)).map(({ uri }) => uri))],
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
  const { id: instanceId, jobId, region, partition } = instance
  const { folders, logLevel } = options
  const bySource = Map.groupBy(shardsToStage(instance, folders), ({ region: from, uri }) => {
    return isInBucket(uri) ? `${from} ${uri}` : from
  })
  if (bySource.size === 0) throw noPartition(partition)
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
  const description = `has no partition ${partition} with data in another region; update the control plane`
  return invalid([{ field: 'instance.partitions', description }])
}
