// Vectors that WebAssembly kernels can reach: one arena of WebAssembly memory, cut into 64-byte aligned blocks.
// Growing such a memory detaches every view of it, so the whole address space is reserved at the start (pages cost
// nothing until they are touched) and it never grows. Past its end, or where the machine refuses to reserve it,
// vectors live in ordinary memory: the same numbers, computed more slowly by the reference kernels.
import { assert } from '#runtime/assert.ts'
import { arenaBytesDefault } from './config.ts'
import { referenceKernels } from './kernels-reference.ts'
import { createArenaKernels, kernelScratchBytes, type Kernels } from './kernels.ts'
import { reserveMemory, type WasmMemory } from './webassembly.ts'

const alignmentBytes = 64

type Block = { readonly start: number; readonly end: number }

export class VectorMemory {
  readonly kernels: Kernels
  readonly #arena: WasmMemory | null
  /** Sorted by start, never touching one another. */
  #free: Block[]
  readonly #used = new Map<number, Block>()

  private constructor(arena: WasmMemory | null) {
    this.#arena = arena
    this.kernels = arena === null ? referenceKernels : createArenaKernels(arena)
    // Kernels compute the address behind a vector, which must not wrap round at 4 GiB.
    const end = arena === null ? 0 : arena.buffer.byteLength - alignmentBytes
    this.#free = end === 0 ? [] : [{ start: alignUp(kernelScratchBytes), end }]
  }

  static create(bytes: number = arenaBytesDefault): VectorMemory {
    return new VectorMemory(reserveMemory(bytes))
  }

  /** A vector of zeros. */
  allocate(elements: number): Float32Array {
    assert(Number.isSafeInteger(elements) && elements >= 0, `allocate: ${elements} is no number of elements`)
    const bytes = alignUp(Math.max(elements, 1) * 4)
    const index = this.#free.findIndex((block) => block.end - block.start >= bytes)
    if (this.#arena === null || index === -1) return new Float32Array(elements)
    const { start, end } = this.#free[index]!
    if (end - start === bytes) this.#free.splice(index, 1)
    else this.#free[index] = { start: start + bytes, end }
    this.#used.set(start, { start, end: start + bytes })
    return new Float32Array(this.#arena.buffer, start, elements).fill(0)
  }

  /** Gives a vector's memory back; the vector must not be used afterwards. */
  release(vector: Float32Array): void {
    if (this.#arena === null || vector.buffer !== this.#arena.buffer) return
    const block = this.#used.get(vector.byteOffset)
    assert(block !== undefined, `release: no vector was allocated at ${vector.byteOffset}`)
    this.#used.delete(block.start)
    this.#free = insert(this.#free, block)
  }

  /** Bytes of the arena in use. */
  get usedBytes(): number {
    let bytes = 0
    for (const { start, end } of this.#used.values()) bytes += end - start
    return bytes
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / alignmentBytes) * alignmentBytes
}

function insert(free: readonly Block[], block: Block): Block[] {
  const at = free.findIndex(({ start }) => start > block.start)
  const position = at === -1 ? free.length : at
  const before = free[position - 1]
  const after = free[position]
  const joinsBefore = before !== undefined && before.end === block.start
  const joinsAfter = after !== undefined && after.start === block.end
  const merged = { start: joinsBefore ? before.start : block.start, end: joinsAfter ? after.end : block.end }
  return [
    ...free.slice(0, joinsBefore ? position - 1 : position),
    merged,
    ...free.slice(joinsAfter ? position + 1 : position),
  ]
}
