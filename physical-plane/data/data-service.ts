// What a data server offers to the places that train on its region's data: what there is, block by block as it is read, and
// ranges of the blocks. The receiver decides how much is under way, so a slow one costs this side no memory.
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { DataServiceHandlers } from '#proto/generated/cloudless/v1/DataService.ts'
import type { FetchRequest__Output } from '#proto/generated/cloudless/v1/FetchRequest.ts'
import type { FetchResponse } from '#proto/generated/cloudless/v1/FetchResponse.ts'
import type { ListDataRequest__Output } from '#proto/generated/cloudless/v1/ListDataRequest.ts'
import type { ListDataResponse } from '#proto/generated/cloudless/v1/ListDataResponse.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { CloudlessError, invalid, type FieldViolation } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import {
  chunkBytes,
  fetchesPerRegionMax,
  protocolVersion,
  rangeBytesMax,
} from '#physical-plane/parameter-server/peers/config.ts'
import { chunkWireBytes } from '#physical-plane/parameter-server/peers/wire-bytes.ts'
import { readWhole, type Block, type BlockIndex } from './block-index.ts'
import { blockBytes, listingsPerPlaceMax } from './config.ts'
import { receiverOf, type SentBytes } from './sent-bytes.ts'

export type DataServiceOptions = {
  readonly jobId: string
  /** Whose data it is. */
  readonly region: string
  readonly receivers: readonly string[]
  readonly index: BlockIndex
  readonly sent: Pick<SentBytes, 'add'>
  readonly log: Log
}

/** Calls under way by the place that asked. */
type Counts = Map<string, number>

export function createDataService(options: DataServiceOptions): Implementation<DataServiceHandlers> {
  const listings: Counts = new Map()
  const fetches: Counts = new Map()
  return {
    listData: (request, call) =>
      counted(listings, request.region, listingsPerPlaceMax, list(options, request, call.signal)),
    fetch: (request, call) =>
      counted(fetches, request.region, fetchesPerRegionMax, give(options, request, call.signal)),
  }
}

async function* counted<Message>(
  counts: Counts,
  place: string,
  most: number,
  messages: AsyncGenerator<Message, void>,
): AsyncGenerator<Message, void> {
  const count = (counts.get(place) ?? 0) + 1
  if (count > most) {
    const text = `${place} has ${most} calls under way; wait for one to end`
    throw new CloudlessError('exhausted', 'TOO_MANY_CALLS', text)
  }
  counts.set(place, count)
  try {
    yield* messages
  } finally {
    counts.set(place, counts.get(place)! - 1)
  }
}

async function* list(
  options: DataServiceOptions,
  request: ListDataRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<ListDataResponse, void> {
  admit(options, request)
  const { index, log } = options
  if (request.totalsOnly) return yield { totals: { ...(await index.totals()), blockBytes } }
  const files = await index.files()
  const totals = await index.totals()
  yield { totals: { ...totals, blockBytes } }
  log.info({ place: request.region, ...totals }, 'data is listed')
  for await (const { file, offset, sha256 } of index.list(files, signal)) {
    yield { blocks: { uri: file.uri, path: file.path, fileBytes: file.bytes, offset, sha256: [...sha256] } }
  }
}

async function* give(
  options: DataServiceOptions,
  request: FetchRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<FetchResponse, void> {
  admit(options, request)
  const { region: place, sha256, offset, length } = request
  const block = options.index.get(sha256)
  if (block === null) {
    const text = `block ${sha256} of ${options.region} is not listed by this process; list again`
    throw new CloudlessError('not-found', 'OBJECT_GONE', text)
  }
  checkRange(request, block)
  const handle = await open(block.absolutePath, 'r')
  try {
    for (let at = offset; at < offset + length; at += chunkBytes) {
      signal.throwIfAborted()
      const data = Buffer.allocUnsafe(Math.min(chunkBytes, offset + length - at))
      await readWhole(handle, data, block.offset + at, block.absolutePath)
      await options.sent.add(receiverOf(place, block.uri), chunkWireBytes(data.length))
      yield { chunk: { offset: at, data, crc32: crc32(data) } }
    }
  } finally {
    await handle.close()
  }
}

type Call = Pick<ListDataRequest__Output, 'jobId' | 'region' | 'fromRegion' | 'protocolVersion'>

function admit({ jobId, region, receivers }: DataServiceOptions, call: Call): void {
  if (call.protocolVersion !== protocolVersion) {
    const text = `${call.region} speaks protocol version ${call.protocolVersion}, ${region} speaks ${protocolVersion}; run one version of cloudless everywhere`
    throw new CloudlessError('conflict', 'WRONG_PROTOCOL_VERSION', text)
  }
  if (call.jobId !== jobId || call.fromRegion !== region) {
    const text = `this is the data of job ${jobId} in ${region}, not of "${call.jobId}" in "${call.fromRegion}"; the address is out of date`
    throw new CloudlessError('conflict', 'WRONG_DATA', text)
  }
  if (receivers.includes(call.region)) return
  const description = `"${call.region}" may not have this data; it goes to ${receivers.join(', ')}`
  throw invalid([{ field: 'region', description }])
}

function checkRange({ offset, length }: FetchRequest__Output, { bytes }: Block): void {
  const violations: FieldViolation[] = []
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= bytes)
    violations.push({ field: 'offset', description: `${offset} must be a whole number from 0 to ${bytes - 1}` })
  const most = Math.min(rangeBytesMax, bytes - offset)
  if (!Number.isSafeInteger(length) || length < 1 || !(length <= most))
    violations.push({ field: 'length', description: `${length} must be a whole number from 1 to ${most}` })
  if (violations.length > 0) throw invalid(violations)
}
