// Training data of other regions on this machine: which shards a partition here needs of them, where each lies once its
// stager has fetched it, and when it goes away again.
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CloudlessError } from '#runtime/errors.ts'
import { bucketAddress, isInBucket } from '#physical-plane/data/bucket-address.ts'
import { stagedMarkOf, stagedSchema } from '#physical-plane/data/staged-mark.ts'
import type { DesiredInstance } from './desired.ts'
import type { Folders } from './folders.ts'

type Spec = DesiredInstance['spec']

export type ShardToStage = {
  readonly region: string
  /** As the job file has it: an address in its own region. */
  readonly uri: string
  /** Where it goes: a file or a folder, as it is there. */
  readonly path: string
}

/** Of the partition that the instance belongs to; none where all of its data lies where it runs. */
export function shardsToStage(
  { jobId, partition, partitions, region: place, spec, checkpointFrom }: DesiredInstance,
  folders: Folders,
): readonly ShardToStage[] {
  const regions = partitions.find((each) => each.partition === partition)?.dataRegions ?? []
  const isElsewhere = ({ region, uri }: { readonly region: string; readonly uri: string }): boolean =>
    regions.includes(region) && (region !== place || isInBucket(uri))
  const at = (name: string, uri: string): string => join(folders.staged(jobId), name, nameOf(uri))
  const shards = spec.shards.flatMap((shard, i): ShardToStage[] => {
    const { region, uri } = shard
    return isElsewhere(shard) ? [{ region, uri, path: at(`shard-${i}`, uri) }] : []
  })
  // Held-out data is where its region's shards are: they are evaluated together.
  const { holdout } = spec
  if (holdout !== null && isElsewhere(holdout))
    shards.push({ region: holdout.region, uri: holdout.uri, path: at('holdout', holdout.uri) })
  if (checkpointFrom !== '')
    shards.push({
      region: checkpointFrom,
      uri: checkpointUri(jobId, partition),
      path: checkpointPath(folders, jobId, partition),
    })
  return shards
}

/** Not of the job file: what a partition has kept where it ran before. */
export function checkpointUri(jobId: string, partition: string): string {
  return `checkpoint://${jobId}/${encodeURIComponent(partition)}`
}

/** Where it lies after it has been fetched. */
export function checkpointPath(folders: Folders, jobId: string, partition: string): string {
  return join(folders.staged(jobId), 'checkpoint', encodeURIComponent(partition))
}

/** What the data is called where it lies: programs may look at how a name ends. */
function nameOf(uri: string): string {
  const bucket = bucketAddress(uri)
  if (bucket === null) return basename(fileURLToPath(uri))
  return basename(bucket.prefix) || bucket.bucket
}

/** The job as a partition sees it here: what was fetched from elsewhere has its address on this machine. */
export function stagedSpec(instance: DesiredInstance, folders: Folders): Spec {
  const { spec } = instance
  const staged = new Map(shardsToStage(instance, folders).map(({ region, uri, path }) => [`${region} ${uri}`, path]))
  const here = <Data extends { readonly region: string; readonly uri: string }>(data: Data): Data => {
    const path = staged.get(`${data.region} ${data.uri}`)
    return path === undefined ? data : { ...data, uri: pathToFileURL(path).href }
  }
  return { ...spec, shards: spec.shards.map(here), holdout: spec.holdout === null ? null : here(spec.holdout) }
}

/** Throws until a stager has said that all of it is here, and while what it said is not what lies here. */
export async function checkStaged(instance: DesiredInstance, folders: Folders): Promise<void> {
  const shards = shardsToStage(instance, folders)
  if (shards.length === 0) return
  const text = await readFile(stagedMarkOf(folders.staged(instance.jobId)), 'utf8').catch(() => null)
  if (text === null) throw notThere('its data is still being fetched')
  const { shards: marked, files } = stagedSchema.parse(JSON.parse(text))
  const missing = shards.find(({ path }) => !marked.includes(path))
  if (missing !== undefined) throw notThere(`${missing.uri} of ${missing.region} is not fetched yet`)
  for (const { path, bytes } of files) {
    const found = await stat(path).catch(() => null)
    if (found?.size !== bytes) throw notThere(`${path} has ${found?.size ?? 0} of ${bytes} bytes`)
  }
}

/** All that lies here of the job's data from other regions, whole or not. */
export async function stagedBytes(folders: Folders, jobId: string): Promise<number> {
  const folder = folders.staged(jobId)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries)
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size
  return bytes
}

/** Removes what was fetched for jobs of which nothing runs here and nothing is to be fetched any more. */
export async function sweepStaged(folders: Folders, isNeeded: (jobId: string) => boolean): Promise<void> {
  const jobIds = await readdir(folders.allStaged).catch(() => [])
  for (const jobId of jobIds) if (!isNeeded(jobId)) await rm(folders.staged(jobId), { recursive: true, force: true })
}

function notThere(why: string): CloudlessError {
  return new CloudlessError('unavailable', 'DATA_NOT_STAGED', why)
}
