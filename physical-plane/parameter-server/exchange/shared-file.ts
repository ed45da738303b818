// The file through which one worker and its parameter server exchange tensors; its two regions are described in
// proto/worker-exchange.md. The worker maps it, this side reads and writes it: straight into and out of the arena,
// 12 GB/s and 7 GB/s in tmpfs. Synchronous calls on purpose: asynchronous ones in several threads gain a third on large
// reads, nothing on writes and cost four times as much on small models, and the replica cannot change under a write.
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { VectorMemory } from '../replica/memory.ts'
import { readChunkBytes } from './config.ts'

const pageBytes = 4096

export class SharedFile {
  readonly path: string
  readonly bytes: number
  readonly parametersOffset: number
  readonly #file: number
  readonly #vectorBytes: number

  private constructor(path: string, file: number, elements: number) {
    this.path = path
    this.#file = file
    this.#vectorBytes = elements * 4
    this.parametersOffset = Math.ceil(this.#vectorBytes / pageBytes) * pageBytes
    this.bytes = 2 * this.parametersOffset
  }

  /** A file of zeros with all its memory taken, since a full tmpfs would kill the worker at its first write. */
  static create(folder: string, name: string, elements: number): SharedFile {
    const path = join(folder, name)
    const file = openSync(path, 'wx+', 0o600)
    const shared = new SharedFile(path, file, elements)
    try {
      ftruncateSync(file, shared.bytes)
      const zeros = new Uint8Array(Math.min(shared.bytes, readChunkBytes))
      for (let at = 0; at < shared.bytes; at += zeros.length) {
        writeFully(file, zeros.subarray(0, Math.min(zeros.length, shared.bytes - at)), at)
      }
      return shared
    } catch (error) {
      shared.close()
      if (!isFull(error)) throw error
      const text = `${folder} has no room for the ${shared.bytes} bytes that a worker shares with its parameter server; make it larger or move it`
      throw new CloudlessError('exhausted', 'SHARED_MEMORY_FULL', text, { cause: error })
    }
  }

  /** Fills `target` with the gradient; answers whether all of it is finite. */
  readGradient(target: Float32Array, memory: VectorMemory): boolean {
    return this.#read(target, 0, memory)
  }

  /** Fills `target` with the parameters that the worker wrote; answers whether all of them are finite. */
  readParameters(target: Float32Array, memory: VectorMemory): boolean {
    return this.#read(target, this.parametersOffset, memory)
  }

  writeParameters(values: Float32Array): void {
    assert(values.byteLength === this.#vectorBytes, `${values.byteLength} of ${this.#vectorBytes} bytes of parameters`)
    writeFully(this.#file, bytesOf(values), this.parametersOffset)
  }

  /** Removes the file; a worker that still maps it keeps its memory. */
  close(): void {
    closeSync(this.#file)
    rmSync(this.path, { force: true })
  }

  #read(target: Float32Array, offset: number, memory: VectorMemory): boolean {
    assert(target.byteLength === this.#vectorBytes, `${target.byteLength} of ${this.#vectorBytes} bytes to read`)
    const bytes = bytesOf(target)
    let isFinite = true
    for (let at = 0; at < bytes.length; at += readChunkBytes) {
      const end = Math.min(at + readChunkBytes, bytes.length)
      readFully(this.#file, bytes.subarray(at, end), offset + at)
      isFinite &&= memory.kernels.allFinite(target.subarray(at / 4, end / 4))
    }
    return isFinite
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function readFully(file: number, target: Uint8Array, position: number): void {
  let done = 0
  while (done < target.length) {
    const count = readSync(file, target, done, target.length - done, position + done)
    if (count === 0)
      throw new CloudlessError('internal', 'SHARED_FILE_CUT', `the shared file ends at ${position + done}`)
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
