// The file through which one worker and its parameter server exchange tensors; its two regions are described in
// proto/worker-exchange.md. Both sides map it; where this one cannot, it reads and writes, at a third of the speed.
// Copies are synchronous on purpose: asynchronous calls in several threads gain a third on large reads, nothing on writes
// and cost four times as much on small models. The look for numbers that are not finite follows on the kernel thread,
// piece by piece, while the next one is being copied.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { VectorMemory } from '../replica/memory.ts'
import { readChunkBytes } from './config.ts'
import { mapFile, type MappedFile } from './mapped-file.ts'

const pageBytes = 4096

export class SharedFile {
  readonly path: string
  readonly bytes: number
  readonly parametersOffset: number
  readonly #file: number
  readonly #vectorBytes: number
  #mapped: MappedFile | null = null

  private constructor(path: string, file: number, elements: number) {
    this.path = path
    this.#file = file
    this.#vectorBytes = elements * 4
    this.parametersOffset = Math.ceil(this.#vectorBytes / pageBytes) * pageBytes
    this.bytes = 2 * this.parametersOffset
  }

  /** A file of zeros with all its memory taken, since a full tmpfs would kill either side at its first write. */
  static create(folder: string, name: string, elements: number, isMapped = true): SharedFile {
    const path = join(folder, name)
    const file = openSync(path, 'wx+', 0o600)
    const shared = new SharedFile(path, file, elements)
    try {
      ftruncateSync(file, shared.bytes)
      const zeros = new Uint8Array(Math.min(shared.bytes, readChunkBytes))
      for (let at = 0; at < shared.bytes; at += zeros.length) {
        writeFully(file, zeros.subarray(0, Math.min(zeros.length, shared.bytes - at)), at)
      }
      if (isMapped) shared.#mapped = mapFile(file, shared.bytes)
      return shared
    } catch (error) {
      shared.close()
      if (!isFull(error)) throw error
      const text = `${folder} has no room for the ${shared.bytes} bytes that a worker shares with its parameter server; make it larger or move it`
      throw new CloudlessError('exhausted', 'SHARED_MEMORY_FULL', text, { cause: error })
    }
  }

  /** Fills `target`, which no kernel may be using, with the gradient; answers whether all of it is finite. */
  readGradient(target: Float32Array, memory: VectorMemory): Promise<boolean> {
    return this.#read(target, 0, memory)
  }

  /** The same with the parameters that the worker wrote. */
  readParameters(target: Float32Array, memory: VectorMemory): Promise<boolean> {
    return this.#read(target, this.parametersOffset, memory)
  }

  /** No kernel may be changing the values. */
  writeParameters(values: Float32Array): void {
    assert(values.byteLength === this.#vectorBytes, `${values.byteLength} of ${this.#vectorBytes} bytes of parameters`)
    const mapped = this.#bytesAt(this.parametersOffset)
    if (mapped === null) writeFully(this.#file, bytesOf(values), this.parametersOffset)
    else mapped.set(bytesOf(values))
  }

  /** Removes the file; a worker that still maps it keeps its memory. */
  close(): void {
    this.#mapped?.unmap()
    this.#mapped = null
    closeSync(this.#file)
    rmSync(this.path, { force: true })
  }

  async #read(target: Float32Array, offset: number, memory: VectorMemory): Promise<boolean> {
    assert(target.byteLength === this.#vectorBytes, `${target.byteLength} of ${this.#vectorBytes} bytes to read`)
    const bytes = bytesOf(target)
    const mapped = this.#bytesAt(offset)
    const areFinite: Promise<boolean>[] = []
    for (let at = 0; at < bytes.length; at += readChunkBytes) {
      const end = Math.min(at + readChunkBytes, bytes.length)
      if (mapped === null) readFully(this.#file, bytes.subarray(at, end), offset + at)
      else bytes.set(mapped.subarray(at, end), at)
      areFinite.push(memory.kernels.allFinite(target.subarray(at / 4, end / 4)))
    }
    return (await Promise.all(areFinite)).every(Boolean)
  }

  /** The vector at `offset` in the map, after a look whether the file is whole: touching what was cut off is fatal. */
  #bytesAt(offset: number): Uint8Array | null {
    if (this.#mapped === null) return null
    const { size } = fstatSync(this.#file)
    if (size < this.bytes) throw cutShort(size)
    return new Uint8Array(this.#mapped.buffer, offset, this.#vectorBytes)
  }
}

function cutShort(size: number): CloudlessError {
  return new CloudlessError('internal', 'SHARED_FILE_CUT', `the shared file ends at ${size}`)
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function readFully(file: number, target: Uint8Array, position: number): void {
  let done = 0
  while (done < target.length) {
    const count = readSync(file, target, done, target.length - done, position + done)
    if (count === 0) throw cutShort(position + done)
    done += count
  }
}

function writeFully(file: number, source: Uint8Array, position: number): void {
  let done = 0
  while (done < source.length) done += writeSync(file, source, done, source.length - done, position + done)
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
