// Gets all data of one shard that lies in an object store, block by block. Stores tell no hash of a block, so a log beside the
// data says which blocks of which version are on the disk: a line is written after its block is there to stay.
import { appendFile, readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from '#physical-plane/parameter-server/back-off.ts'
import type { ByteBudget } from '#physical-plane/parameter-server/peers/byte-budget.ts'
import { TroubleLog } from '#physical-plane/parameter-server/peers/trouble-log.ts'
import { bucketAddress, pathUnder } from './bucket-address.ts'
import type { Bucket, BucketObject, OpenBucket } from './bucket.ts'
import { blockBytes, fetchingBlocksMax, fetchingBytesMax, filesMax } from './config.ts'
import { pathIn } from './listed-blocks.ts'
import type { StagedDisk, StagedFile, StagedShard } from './staged-disk.ts'
import type { StagingProgress } from './staging-progress.ts'

export type FetchBucketOptions = {
  /** The region that the bucket is in. */
  readonly region: string
  readonly shard: StagedShard
  readonly disk: StagedDisk
  readonly progress: StagingProgress
  /** Shared by all sources. */
  readonly budget: ByteBudget
  readonly open: OpenBucket
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Wanted = { readonly path: string; readonly object: BucketObject }

const lineSchema = z.object({ path: z.string(), version: z.string(), offset: z.number(), bytes: z.number() })

export class BucketFetch {
  readonly #options: FetchBucketOptions
  readonly #backOff: BackOff
  readonly #troubles: TroubleLog
  /** Blocks that are on the disk. */
  readonly #here = new Set<string>()
  readonly #told = new Set<string>()

  constructor(options: FetchBucketOptions) {
    this.#options = options
    this.#backOff = new BackOff(options.random)
    this.#troubles = new TroubleLog(options.log, options.clock)
  }

  /** All files, once every block of them is here. Rejects where waiting would not help. */
  async run(signal: AbortSignal): Promise<readonly StagedFile[]> {
    const { shard, region, open, clock } = this.#options
    const address = bucketAddress(shard.uri)!
    await this.#recall()
    const bucket = open(address, region)
    try {
      for (;;) {
        try {
          return await this.#once(bucket, await this.#list(bucket, address.prefix, signal), signal)
        } catch (error) {
          const isHopeless = error instanceof CloudlessError && (error.kind === 'invalid' || error.reason === 'NO_ROOM')
          if (signal.aborted || isHopeless) throw error
          const delayMs = this.#backOff.nextMs()
          this.#troubles.tell({ region, delayMs }, messageOf(error), 'moving data broke off')
          await clock.sleep(delayMs, signal)
        }
      }
    } finally {
      bucket.close()
    }
  }

  async #list(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<readonly Wanted[]> {
    const { shard, region } = this.#options
    const wanted: Wanted[] = []
    for await (const object of bucket.list(signal)) {
      const path = pathUnder(prefix, object.key)
      if (path === null) continue
      wanted.push({ path: pathIn(region, shard.path, path), object })
      if (wanted.length > filesMax) throw this.#unusable(`has more than ${filesMax} objects`)
    }
    if (wanted.length === 0) throw this.#unusable('has no object in it')
    const isObject = wanted.some(({ path }) => path === shard.path)
    if (isObject && wanted.length > 1) throw this.#unusable('is an object and a folder; end the address with a slash')
    return wanted
  }

  async #once(bucket: Bucket, wanted: readonly Wanted[], signal: AbortSignal): Promise<readonly StagedFile[]> {
    const { shard, disk, progress } = this.#options
    const bytesTotal = wanted.reduce((sum, { object }) => sum + object.bytes, 0)
    progress.total(shard.uri, bytesTotal)
    await disk.checkRoom(bytesTotal - progress.doneOf(shard.uri))
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const running = new Set<Promise<void>>()
    try {
      for (const each of wanted) await this.#begin(bucket, each, running, over, either)
      await Promise.all(running)
      over.signal.throwIfAborted()
    } catch (error) {
      throw over.signal.aborted ? over.signal.reason : error
    } finally {
      over.abort(ended)
      await Promise.allSettled(running)
    }
    return wanted.map(({ path, object }) => ({ path, bytes: object.bytes }))
  }

  async #begin(
    bucket: Bucket,
    { path, object }: Wanted,
    running: Set<Promise<void>>,
    over: AbortController,
    signal: AbortSignal,
  ): Promise<void> {
    const { budget } = this.#options
    for (let offset = 0; offset < object.bytes; offset += blockBytes) {
      const bytes = Math.min(blockBytes, object.bytes - offset)
      if (this.#isHere(keyOf(path, object.version, offset, bytes), bytes)) continue
      const cost = Math.max(bytes, fetchingBytesMax / fetchingBlocksMax)
      await budget.take(cost, signal)
      const work = this.#block(bucket, path, object, offset, bytes, signal)
        .catch((error: unknown) => over.abort(error))
        .finally(() => {
          budget.giveBack(cost)
          running.delete(work)
        })
      running.add(work)
    }
  }

  async #block(
    bucket: Bucket,
    path: string,
    object: BucketObject,
    offset: number,
    bytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { disk, progress, region } = this.#options
    const data = await bucket.read(object, offset, bytes, signal)
    progress.fetched(region, bytes)
    await disk.write(path, offset, data, { isDurable: true })
    const line = { path, version: object.version, offset, bytes }
    await appendFile(disk.bucketLog, `${JSON.stringify(line)}\n`, { mode: 0o600 })
    const key = keyOf(path, object.version, offset, bytes)
    this.#here.add(key)
    this.#isHere(key, bytes)
    this.#backOff.reset()
  }

  /** Told once of each block. */
  #isHere(key: string, bytes: number): boolean {
    const { progress, shard } = this.#options
    if (!this.#here.has(key)) return false
    if (!this.#told.has(key)) progress.done(shard.uri, bytes)
    this.#told.add(key)
    return true
  }

  /** What attempts before have fetched. A torn line at the end is of a block that counts as not fetched. */
  async #recall(): Promise<void> {
    const { disk, shard, progress, region } = this.#options
    const text = await readFile(disk.bucketLog, 'utf8').catch(() => '')
    for (const written of text.split('\n').slice(0, -1)) {
      const { path, version, offset, bytes } = lineSchema.parse(JSON.parse(written))
      const isOurs = path === shard.path || path.startsWith(`${shard.path}/`)
      const key = keyOf(path, version, offset, bytes)
      if (!isOurs || this.#here.has(key)) continue
      this.#here.add(key)
      progress.fetched(region, bytes)
    }
  }

  #unusable(why: string): CloudlessError {
    return new CloudlessError('invalid', 'DATA_UNUSABLE', `shard ${this.#options.shard.uri} ${why}`)
  }
}

const ended = new CloudlessError('cancelled', 'FETCH_ENDED', 'this round of fetching is over')

function keyOf(path: string, version: string, offset: number, bytes: number): string {
  return `${offset} ${bytes} ${version} ${path}`
}
