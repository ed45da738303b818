// Memory for payloads as bytes, out of the memory of vectors, so that kernels reach what was received without a copy.
import type { VectorMemory } from '../replica/memory.ts'

export interface PayloadMemory {
  allocate(bytes: number): Uint8Array
  /** The bytes must not be used afterwards. */
  release(bytes: Uint8Array): void
}

export function payloadMemory(memory: Pick<VectorMemory, 'allocate' | 'release'>): PayloadMemory {
  return {
    allocate: (bytes) => {
      const vector = memory.allocate(Math.ceil(bytes / 4))
      return new Uint8Array(vector.buffer, vector.byteOffset, bytes)
    },
    release: (bytes) => {
      const elements = Math.ceil(bytes.byteLength / 4)
      memory.release(new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, elements))
    },
  }
}
