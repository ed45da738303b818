// Bulk bytes as a stream of checked pieces: the sender cuts, the receiver proves order, length and CRC-32 of every piece
// and can go on after a cut connection from the byte where it stood. The `Chunk` of peer.proto has this shape.
// Limit: CRC-32 finds accidents, not malice; whole payloads also carry a sha256.
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import * as config from './config.ts'

export type BulkChunk = { readonly offset: number; readonly data: Uint8Array; readonly crc32: number }

/** What can be cut: bytes in memory, or an open file whose length is known. */
export type BulkSource = Uint8Array | { readonly file: FileHandle; readonly totalBytes: number }

export type CutOptions = {
  /** Bytes the receiver already holds. */
  readonly fromOffset?: number
  readonly chunkBytes?: number
}

/** Pieces of memory are views, not copies: leave the source alone until they are sent. */
export async function* cut(source: BulkSource, options: CutOptions = {}): AsyncGenerator<BulkChunk, undefined> {
  const chunkBytes = options.chunkBytes ?? config.chunkBytes
  assert(Number.isInteger(chunkBytes), `chunk size ${chunkBytes} is not an integer`)
  assert(
    chunkBytes >= config.chunkBytesMin && chunkBytes <= config.chunkBytesMax,
    `chunk size ${chunkBytes} is not between ${config.chunkBytesMin} and ${config.chunkBytesMax}`,
  )
  const totalBytes = source instanceof Uint8Array ? source.byteLength : source.totalBytes
  const fromOffset = options.fromOffset ?? 0
  if (!Number.isInteger(fromOffset) || fromOffset < 0 || fromOffset > totalBytes) {
    throw bad('BAD_OFFSET', `resume offset ${fromOffset} is not between 0 and ${totalBytes}, the length of the payload`)
  }
  for (let offset = fromOffset; offset < totalBytes; offset += chunkBytes) {
    const end = Math.min(offset + chunkBytes, totalBytes)
    const data = source instanceof Uint8Array ? source.subarray(offset, end) : await read(source.file, offset, end)
    yield { offset, data, crc32: crc32(data) }
  }
}

/** Puts pieces together in a target that the caller owns, for example a vector's memory. */
export class Assembler {
  readonly #target: Uint8Array
  #receivedBytes: number

  /** `receivedBytes` of the target are already right, from before the connection was cut. */
  constructor(target: Uint8Array, receivedBytes = 0) {
    assert(Number.isInteger(receivedBytes), `received bytes ${receivedBytes} is not an integer`)
    assert(receivedBytes >= 0, `received bytes ${receivedBytes} is negative`)
    assert(receivedBytes <= target.byteLength, `received ${receivedBytes} of ${target.byteLength} bytes`)
    this.#target = target
    this.#receivedBytes = receivedBytes
  }

  /** Where a new stream has to go on. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get isComplete(): boolean {
    return this.#receivedBytes === this.#target.byteLength
  }

  /** Copies the piece in place, or throws and changes nothing. A decoded `bytes` field may lie at an odd address. */
  add(chunk: { readonly offset: number; readonly data: Uint8Array; readonly crc32: number }): void {
    const { offset, data } = chunk
    const totalBytes = this.#target.byteLength
    if (offset !== this.#receivedBytes) {
      throw bad('CHUNK_OUT_OF_ORDER', `chunk at offset ${offset}, expected ${this.#receivedBytes} of ${totalBytes}`)
    }
    if (data.byteLength === 0) throw bad('CHUNK_EMPTY', `chunk at offset ${offset} holds no bytes`)
    if (data.byteLength > config.chunkBytesMax) {
      throw bad('CHUNK_TOO_LARGE', `chunk of ${data.byteLength} bytes, the limit is ${config.chunkBytesMax}`)
    }
    if (offset + data.byteLength > totalBytes) {
      throw bad('CHUNK_BEYOND_END', `chunk ends at ${offset + data.byteLength}, the payload has ${totalBytes} bytes`)
    }
    const found = crc32(data)
    if (found !== chunk.crc32) {
      throw bad(
        'CHUNK_CORRUPT',
        `chunk at offset ${offset}: CRC-32 is ${hex(found)}, the sender says ${hex(chunk.crc32)}`,
      )
    }
    this.#target.set(data, offset)
    this.#receivedBytes += data.byteLength
  }

  /** Throws unless every byte is there. */
  finish(): void {
    if (this.isComplete) return
    const text = `the payload ended after ${this.#receivedBytes} of ${this.#target.byteLength} bytes; ask for the rest`
    throw bad('PAYLOAD_INCOMPLETE', text)
  }
}

/** Memory for a payload whose length the other side announced, if it is within the limit. */
export function allocatePayload(totalBytes: number, bytesMax: number, what: string): Uint8Array {
  if (!Number.isInteger(totalBytes) || totalBytes < 0) {
    throw bad('BAD_LENGTH', `${what} announces ${totalBytes} bytes, which is no length`)
  }
  if (totalBytes > bytesMax) {
    const text = `${what} announces ${totalBytes} bytes, more than the limit of ${bytesMax}`
    throw new CloudlessError('exhausted', 'PAYLOAD_TOO_LARGE', text)
  }
  return new Uint8Array(totalBytes)
}

async function read(file: FileHandle, offset: number, end: number): Promise<Uint8Array> {
  const data = Buffer.allocUnsafe(end - offset)
  let filled = 0
  while (filled < data.length) {
    const { bytesRead } = await file.read(data, filled, data.length - filled, offset + filled)
    if (bytesRead === 0) throw bad('FILE_SHRANK', `the file ends at ${offset + filled}, before byte ${end}`)
    filled += bytesRead
  }
  return data
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

function bad(reason: string, message: string): CloudlessError {
  return new CloudlessError('invalid', reason, message)
}
