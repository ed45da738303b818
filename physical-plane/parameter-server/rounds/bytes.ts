// Bytes where vectors are kept, and the other way round, bit for bit.
import type { VectorMemory } from '../replica/memory.ts'

/** The bytes as elements of a checkpoint, filled up to whole ones. */
export function asVector(bytes: Uint8Array): Float32Array {
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4)
  padded.set(bytes)
  return new Float32Array(padded.buffer)
}

export function asBytes(vector: Float32Array, bytes: number): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, bytes)
}

/** In the arena, where kernels are quick. */
export function copyOf(memory: VectorMemory, vector: Float32Array): Float32Array {
  const copy = memory.allocate(vector.length)
  memory.kernels.copy(copy, vector)
  return copy
}
