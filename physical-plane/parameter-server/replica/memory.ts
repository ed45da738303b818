// Vectors that WebAssembly kernels can reach: one arena of WebAssembly memory, cut into 64-byte aligned blocks.
// Growing such a memory detaches every view of it, so the whole address space is reserved at the start (pages cost
// nothing until they are touched) and it never grows. Past its end, or where the machine refuses to reserve it,
// vectors live in ordinary memory: the same numbers, computed more slowly by the reference kernels, which is said once.
// With a thread, kernels run beside the caller, one after another (arena-code.ts): await `settled` before you look at
// elements, and change them with kernels only, while others may have asked for some on the same vector.
import { assert, AssertionFailed } from '#runtime/assert.ts'
import type { ArenaCode } from './arena-code.ts'
import { ArenaHashes } from './arena-hashes.ts'
import { sha256 } from './arena-program.ts'
import { ArenaStream, type SizedCode } from './arena-stream.ts'
import { Blocks, type Taken } from './blocks.ts'
import { arenaBytesDefault } from './config.ts'
import { KernelQueue } from './kernel-queue.ts'
import { referenceKernels } from './kernels-reference.ts'
import { createArenaKernels, kernelScratchBytes, type Kernels } from './kernels.ts'
import { mergeKernelsCode } from './merge-kernels.wasm.ts'
import { reserveMemory, type WasmMemory } from './webassembly.ts'

export type VectorMemoryOptions = {
  readonly bytes?: number
  /** Kernels run on a thread of their own; `stop` ends it. Without, every call is done when it returns. */
  readonly thread?: boolean
  /** The thread died, and nothing asked of it will come. By default the process dies of the error, too. */
  readonly onCrash?: (error: Error) => void
  /** Called once, when the first vector lies outside of the arena. */
  readonly onFull?: (full: FullArena) => void
}

/** `wantedBytes` had no room beside the `usedBytes` of an arena of `bytes`; 0 where the machine gave none. */
export type FullArena = { readonly wantedBytes: number; readonly usedBytes: number; readonly bytes: number }

type Arena = {
  readonly memory: WasmMemory
  readonly stream: ArenaStream
  /** That of merge-kernels.wat. */
  readonly code: SizedCode
  readonly hashes: ArenaHashes
  readonly blocks: Blocks
}

/** Where there is no arena nothing lies in it. */
const noArenaCode: ArenaCode = {
  run: refuse,
  ask: refuse,
  settled: () => Promise.resolve(),
}

export class VectorMemory {
  readonly kernels: Kernels
  readonly #arena: Arena | null
  readonly #loaded = new Map<Uint8Array, ArenaCode>()
  #onFull: (full: FullArena) => void

  private constructor(memory: WasmMemory | null, options: VectorMemoryOptions) {
    const { thread = false, onCrash = die, onFull = () => {} } = options
    this.#onFull = onFull
    if (memory === null) {
      this.#arena = null
      this.kernels = referenceKernels
      return
    }
    const stream = new ArenaStream(memory, thread ? new KernelQueue('kernels', memory, onCrash) : null)
    const code = stream.load(mergeKernelsCode)
    const hashes = new ArenaHashes({
      stream,
      code,
      startThread: thread ? () => new KernelQueue('hashes', memory, onCrash) : null,
      take: (bytes) => this.#take(bytes),
    })
    this.#arena = { memory, stream, code, hashes, blocks: new Blocks(kernelScratchBytes, memory.buffer.byteLength) }
    this.kernels = createArenaKernels(memory, stream, code)
  }

  /** A number is short for that many bytes. */
  static create(options: VectorMemoryOptions | number = {}): VectorMemory {
    const given = typeof options === 'number' ? { bytes: options } : options
    return new VectorMemory(reserveMemory(given.bytes ?? arenaBytesDefault), given)
  }

  /** A vector of zeros. */
  allocate(elements: number): Float32Array {
    assert(Number.isSafeInteger(elements) && elements >= 0, `allocate: ${elements} is no number of elements`)
    const block = this.#vectorBlock(elements)
    if (block === null) return new Float32Array(elements)
    const { memory, code } = this.#arena!
    // Memory that was never used is zero already, and costs nothing before it is touched.
    if (!block.isUntouched) code.runNow('clear', block.start, elements * 4)
    return new Float32Array(memory.buffer, block.start, elements)
  }

  /** A copy of the vector as it is when all that was asked for before is done. Nothing is cleared for it. */
  copyOf(vector: Float32Array): Float32Array {
    const block = this.#vectorBlock(vector.length)
    const copy =
      block === null
        ? new Float32Array(vector.length)
        : new Float32Array(this.#arena!.memory.buffer, block.start, vector.length)
    this.kernels.copy(copy, vector)
    return copy
  }

  /** Gives a vector's memory back; nothing more may be asked for on it. What was, is still done. */
  release(vector: Float32Array): void {
    if (this.#arena === null || !this.holds(vector)) return
    this.#arena.blocks.release(vector.byteOffset, this.#arena.stream.asked)
  }

  /** Whether arena functions can reach the view, at its byteOffset. */
  holds(view: ArrayBufferView): boolean {
    return this.#arena !== null && view.buffer === this.#arena.memory.buffer
  }

  /** Functions of another WebAssembly module, in the same stream, for what the arena `holds`. */
  load(code: Uint8Array): ArenaCode {
    const known = this.#loaded.get(code)
    if (known !== undefined) return known
    const loaded = this.#arena === null ? noArenaCode : this.#arena.stream.load(code)
    this.#loaded.set(code, loaded)
    return loaded
  }

  /** Resolves once everything asked for so far is done: what it changed can be read. */
  async settled(): Promise<void> {
    await this.#arena?.stream.settled()
  }

  /** The same, holding up the caller and its event loop. */
  settleNow(): void {
    this.#arena?.stream.settleNow()
  }

  /** Nothing is being done, so vectors may be read and written until something is asked for. */
  get isIdle(): boolean {
    return this.#arena === null || this.#arena.stream.isIdle
  }

  /** Lower-case hex of the bytes as they are when all that was asked for before is done. */
  async sha256(view: ArrayBufferView): Promise<string> {
    if (this.#arena === null || !this.holds(view)) return sha256(view).toString('hex')
    const { stream, hashes } = this.#arena
    const digest = await hashes.sha256(view)
    if (digest !== null) return digest.toString('hex')
    await stream.settled()
    return sha256(view).toString('hex')
  }

  /** Bytes of the arena in use. */
  get usedBytes(): number {
    return this.#arena?.blocks.usedBytes ?? 0
  }

  /** Ends the threads, once they have done what was asked for. */
  async stop(): Promise<void> {
    await this.#arena?.hashes.stop()
    await this.#arena?.stream.stop()
  }

  /** Null where the vector must lie in ordinary memory. */
  #vectorBlock(elements: number): Taken | null {
    const block = this.#arena === null ? null : this.#block(elements * 4)
    if (block === null) {
      const bytes = this.#arena?.memory.buffer.byteLength ?? 0
      this.#onFull({ wantedBytes: elements * 4, usedBytes: this.usedBytes, bytes })
      this.#onFull = () => {}
    }
    return block
  }

  /** Null where the arena is full. */
  #block(bytes: number): Taken | null {
    const { stream, blocks } = this.#arena!
    blocks.reclaim(stream.done)
    const block = blocks.take(bytes)
    if (block !== null || !blocks.hasReleased) return block
    stream.settleNow()
    blocks.reclaim(stream.done)
    return blocks.take(bytes)
  }

  /** As `allocate`, of whatever content. */
  #take(bytes: number): { readonly bytes: Uint8Array; readonly release: () => void } | null {
    const { memory, stream, blocks } = this.#arena!
    const block = this.#block(bytes)
    if (block === null) return null
    return {
      bytes: new Uint8Array(memory.buffer, block.start, bytes),
      release: () => blocks.release(block.start, stream.asked),
    }
  }
}

function refuse(name: string): never {
  throw new AssertionFailed(`there is no arena for ${name} to run on`)
}

function die(error: Error): never {
  throw error
}
