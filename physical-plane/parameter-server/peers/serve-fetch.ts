// Ranges of what lies on the shelf, as chunks with a CRC each. The receiver decides how much is under way by what it asks
// for, so a slow link or receiver costs this side no memory beyond the messages that are on their way to the socket.
import type { FetchRequest__Output } from '#proto/generated/cloudless/v1/FetchRequest.ts'
import type { FetchResponse } from '#proto/generated/cloudless/v1/FetchResponse.ts'
import { cut } from '#proto/rpc/chunks.ts'
import { CloudlessError, invalid, type FieldViolation } from '#runtime/errors.ts'
import { admit } from './admission.ts'
import { chunkBytes, fetchesPerRegionMax, rangeBytesMax } from './config.ts'
import type { PeerServiceOptions } from './peer-service.ts'
import { chunkWireBytes } from './wire-bytes.ts'

/** Answers under way, by the region that asked. */
export type FetchCounts = Map<string, number>

export async function* serveFetch(
  { side, jobId }: PeerServiceOptions,
  counts: FetchCounts,
  request: FetchRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<FetchResponse, void> {
  admit(request, side, jobId, '')
  const { region, sha256, offset, length } = request
  const payload = side.shelf.get(sha256)
  if (payload === null) throw gone(side.region, sha256)
  checkRange(request, payload.byteLength)
  const count = (counts.get(region) ?? 0) + 1
  if (count > fetchesPerRegionMax) {
    const text = `region ${region} has ${fetchesPerRegionMax} fetches under way at region ${side.region}; wait for one to end`
    throw new CloudlessError('exhausted', 'TOO_MANY_FETCHES', text)
  }
  counts.set(region, count)
  try {
    for await (const chunk of cut(payload.subarray(0, offset + length), { fromOffset: offset, chunkBytes })) {
      signal.throwIfAborted()
      // Its memory may already hold something else.
      if (side.shelf.get(sha256) !== payload) throw gone(side.region, sha256)
      // Counted before it is handed over: after a cut the count may be a little high, never low.
      side.sent(region, chunkWireBytes(chunk.data.byteLength))
      yield { chunk }
    }
  } finally {
    counts.set(region, counts.get(region)! - 1)
  }
}

function gone(region: string, sha256: string): CloudlessError {
  const text = `region ${region} does not hold payload ${sha256} any more: nobody can need it`
  return new CloudlessError('not-found', 'OBJECT_GONE', text, { metadata: { region, sha256 } })
}

function checkRange({ offset, length }: FetchRequest__Output, payloadBytes: number): void {
  const violations: FieldViolation[] = []
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= payloadBytes) {
    violations.push({ field: 'offset', description: `${offset} must be a whole number from 0 to ${payloadBytes - 1}` })
  }
  const most = Math.min(rangeBytesMax, payloadBytes - offset)
  if (!Number.isSafeInteger(length) || length < 1 || !(length <= most)) {
    violations.push({ field: 'length', description: `${length} must be a whole number from 1 to ${most}` })
  }
  if (violations.length > 0) throw invalid(violations)
}
