// All data that a partition needs from other regions, fetched to this machine. Whatever is killed when, the next attempt goes
// on from what lies on the disk; only once all of it is here and checked, the mark says so.
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { ByteBudget } from '#physical-plane/parameter-server/peers/byte-budget.ts'
import { isInBucket } from './bucket-address.ts'
import type { OpenBucket } from './bucket.ts'
import { fetchingBytesMax } from './config.ts'
import type { Source } from './config-file.ts'
import type { Endpoints } from './endpoints.ts'
import { BucketFetch } from './fetch-bucket.ts'
import { SourceFetch, type OpenDataServer } from './fetch-source.ts'
import { StagedDisk } from './staged-disk.ts'
import type { StagingProgress } from './staging-progress.ts'

export type StageOptions = {
  readonly jobId: string
  readonly place: string
  readonly sources: readonly Source[]
  readonly folder: string
  readonly endpoints: Endpoints
  readonly progress: StagingProgress
  readonly open: OpenDataServer
  readonly openBucket: OpenBucket
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** By these names the progress of each source is known. */
export function sourceNames(sources: readonly Source[]): readonly string[] {
  return sources.map(({ region, shards }) => shards.find(({ uri }) => isInBucket(uri))?.uri ?? region)
}

export async function stageData({ sources, folder, ...options }: StageOptions, signal: AbortSignal): Promise<void> {
  const disk = await StagedDisk.open(folder)
  const budget = new ByteBudget(fetchingBytesMax)
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const fetches = sources.map(async (source) => {
    try {
      const [shard] = source.shards
      const isBucket = shard !== undefined && isInBucket(shard.uri)
      if (!isBucket) return await new SourceFetch({ ...options, source, disk, budget }).run(either)
      const { region } = source
      return await new BucketFetch({ ...options, region, shard, disk, budget, open: options.openBucket }).run(either)
    } catch (error) {
      over.abort(error)
      throw error
    }
  })
  const settled = await Promise.allSettled(fetches)
  if (over.signal.aborted) throw over.signal.reason
  const files = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  signal.throwIfAborted()
  await disk.finish(
    sources.flatMap(({ shards }) => shards),
    files,
  )
}
