// Gets all data of one region: what its data server lists is looked up on the disk, block by block, and what is not there is
// fetched over the region's lane. After a cut, or when the server is another one, it is listed again; what is known to be here
// is not looked at again. A source that is away is waited for.
import type { DataServiceHandlers } from '#proto/generated/cloudless/v1/DataService.ts'
import type { OpenClient } from '#proto/rpc/client.ts'
import type { RpcClient } from '#proto/rpc/service.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from '#physical-plane/parameter-server/back-off.ts'
import type { ByteBudget } from '#physical-plane/parameter-server/peers/byte-budget.ts'
import { protocolVersion } from '#physical-plane/parameter-server/peers/config.ts'
import { Lane } from '#physical-plane/parameter-server/peers/lane.ts'
import { Transfer } from '#physical-plane/parameter-server/peers/transfer.ts'
import { TroubleLog } from '#physical-plane/parameter-server/peers/trouble-log.ts'
import { fetchingBlocksMax, fetchingBytesMax, firstRoundTrips, roundTripMs } from './config.ts'
import type { Source } from './config-file.ts'
import type { Endpoints } from './endpoints.ts'
import { checkTotals, decodeBlocks, type BlockToFetch, type FileBlocks } from './listed-blocks.ts'
import type { StagedDisk, StagedFile } from './staged-disk.ts'
import type { StagingProgress } from './staging-progress.ts'

export type DataClient = RpcClient<DataServiceHandlers> & Pick<OpenClient<DataServiceHandlers>, 'close'>
export type OpenDataServer = (endpoint: string, channel: number) => DataClient

export type FetchSourceOptions = {
  readonly source: Source
  readonly jobId: string
  /** Where the data goes. */
  readonly place: string
  readonly endpoints: Endpoints
  readonly disk: StagedDisk
  readonly progress: StagingProgress
  /** Shared by all sources. */
  readonly budget: ByteBudget
  readonly open: OpenDataServer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export class SourceFetch {
  readonly #options: FetchSourceOptions
  readonly #lane: Lane
  readonly #backOff: BackOff
  readonly #troubles: TroubleLog
  /** Hashes of blocks that are here, by file and offset. */
  readonly #here = new Map<string, string>()

  constructor(options: FetchSourceOptions) {
    const { source, place, endpoints, open, jobId, clock, random, log } = options
    this.#options = options
    this.#backOff = new BackOff(random)
    this.#troubles = new TroubleLog(log, clock)
    const nothing = (): void => {}
    const refused = (region: string, reason: string, text: string): void =>
      this.#troubles.tell({ region, reason }, text, 'a source sent what can not be right')
    const side = { region: place, members: endpoints, received: nothing, heard: nothing, measured: nothing, refused }
    this.#lane = new Lane({ region: source.region, side, jobId, clock, random, log, open })
  }

  /** All files, once every block of them is here. Rejects where waiting would not help. */
  async run(signal: AbortSignal): Promise<readonly StagedFile[]> {
    const { source, endpoints, clock } = this.#options
    const over = new AbortController()
    const following = this.#follow(AbortSignal.any([signal, over.signal]))
    try {
      for (;;) {
        const endpoint = await endpoints.known(source.region, signal)
        try {
          return await this.#once(endpoint, signal)
        } catch (error) {
          if (signal.aborted || isHopeless(error)) throw error
          const delayMs = this.#backOff.nextMs()
          this.#troubles.tell({ region: source.region, delayMs }, messageOf(error), 'moving data broke off')
          await clock.sleep(delayMs, signal)
        }
      }
    } finally {
      this.#lane.stop()
      over.abort(ended)
      await following
    }
  }

  /** A lane does not look by itself whether a region listens again, or elsewhere. */
  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#lane.advance()
      await this.#options.endpoints.changed.wait(signal).catch(() => {})
    }
  }

  async #once(endpoint: string, signal: AbortSignal): Promise<readonly StagedFile[]> {
    const { source, open, progress, disk } = this.#options
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const client = open(endpoint, 0)
    const files = new Map<string, number>()
    const blocks = new Set<Promise<void>>()
    let bytesTotal: number | null = null
    const measuring = this.#measure(client, either)
    try {
      for await (const { totals, blocks: listed } of client.listData(this.#question(false), { signal: either })) {
        this.#backOff.reset()
        if (totals != null) {
          checkTotals(source, totals)
          bytesTotal = totals.bytes
          progress.total(source.region, bytesTotal)
          await disk.checkRoom(bytesTotal - progress.doneOf(source.region))
        } else if (listed != null) {
          const file = decodeBlocks(source, listed)
          files.set(file.path, file.fileBytes)
          await this.#begin(file, blocks, over, either)
        }
      }
      await Promise.all(blocks)
      over.signal.throwIfAborted()
    } catch (error) {
      throw over.signal.aborted ? over.signal.reason : error
    } finally {
      over.abort(ended)
      client.close()
      await Promise.allSettled([...blocks, measuring])
    }
    const sum = [...files.values()].reduce((total, bytes) => total + bytes, 0)
    if (sum !== bytesTotal) throw changed(source.region, bytesTotal ?? 0, sum)
    return [...files].map(([path, bytes]) => ({ path, bytes }))
  }

  /** Blocks go on in the background, as many as there is room for; the first that fails ends all. */
  async #begin(
    { path, blocks }: FileBlocks,
    running: Set<Promise<void>>,
    over: AbortController,
    signal: AbortSignal,
  ): Promise<void> {
    const { budget } = this.#options
    for (const block of blocks) {
      const cost = Math.max(block.bytes, fetchingBytesMax / fetchingBlocksMax)
      await budget.take(cost, signal)
      const work = this.#block(path, block, signal)
        .catch((error: unknown) => over.abort(error))
        .finally(() => {
          budget.giveBack(cost)
          running.delete(work)
        })
      running.add(work)
    }
  }

  async #block(path: string, { offset, bytes, sha256 }: BlockToFetch, signal: AbortSignal): Promise<void> {
    const { disk, progress, source } = this.#options
    const key = `${offset} ${path}`
    const known = this.#here.get(key)
    if (known === sha256) return
    if (!(await disk.has(path, offset, bytes, sha256))) {
      const data = await this.#fetch(sha256, bytes, signal)
      await disk.write(path, offset, data)
    }
    this.#here.set(key, sha256)
    if (known === undefined) progress.done(source.region, bytes)
  }

  async #fetch(sha256: string, bytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const transfer = new Transfer(this.#options.source.region, sha256, new Uint8Array(bytes))
    const stop = (): void => transfer.fail(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    else this.#lane.add(transfer)
    try {
      return await transfer.done
    } finally {
      signal.removeEventListener('abort', stop)
      this.#lane.remove(transfer)
    }
  }

  /** A window of twice the bandwidth-delay product needs the delay. Never rejects. */
  async #measure(client: DataClient, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    for (let count = 0; !signal.aborted; count++) {
      const sinceMs = clock.monotonicMs()
      try {
        await Array.fromAsync(client.listData(this.#question(true), { signal }))
        // The first question also makes the connection and has the files counted.
        if (count > 0) this.#lane.meter.roundTrip(clock.monotonicMs() - sinceMs)
      } catch {
        return
      }
      if (count >= firstRoundTrips) await clock.sleep(roundTripMs, signal)
    }
  }

  #question(totalsOnly: boolean) {
    const { jobId, place, source } = this.#options
    return { jobId, region: place, fromRegion: source.region, protocolVersion, totalsOnly }
  }
}

/** Asking again would only bring the same again. */
function isHopeless(error: unknown): boolean {
  return error instanceof CloudlessError && (error.kind === 'invalid' || error.reason === 'NO_ROOM')
}

const ended = new CloudlessError('cancelled', 'LISTING_ENDED', 'this listing is over')

function changed(region: string, announced: number, found: number): CloudlessError {
  const text = `the data of ${region} changed while it was moved: ${found} bytes were listed where ${announced} were announced`
  return new CloudlessError('unavailable', 'DATA_CHANGED', text)
}
