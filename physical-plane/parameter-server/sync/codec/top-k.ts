// top-k: of each chunk of 4096 the k = max(1, ceil(density x length)) largest elements; the others are 0 until the
// residual has made them large. Wire, per chunk: k uint16 indices inside the chunk, ascending, then k values as fp16.
// Values are clamped and rounded as in fp16.ts, and the residual keeps what that loses.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { clampToHalf } from './fp16.ts'
import { chunksOf, largestElements, readIndices } from './largest-elements.ts'
import { malformed } from './malformed.ts'

export function topK(density: number): PlainCodec {
  return {
    encodedBytes: (elements) => encodedBytes('top-k', elements, density),

    encode(values, target) {
      const wire = new DataView(target.buffer, target.byteOffset, target.byteLength)
      let at = 0
      for (const chunk of chunksOf(values.length, density)) {
        for (const [i, index] of largestElements(values, chunk).entries()) {
          wire.setUint16(at + i * 2, index, true)
          wire.setFloat16(at + (chunk.k + i) * 2, clampToHalf(values[chunk.start + index]!), true)
        }
        at += chunk.k * 4
      }
    },

    decode(bytes, target) {
      const wire = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      target.fill(0)
      let at = 0
      for (const chunk of chunksOf(target.length, density)) {
        for (const [i, index] of readIndices('top-k', wire, at, chunk).entries()) {
          const value = wire.getFloat16(at + (chunk.k + i) * 2, true)
          if (!Number.isFinite(value)) throw malformed('top-k', chunk.start + index, `${value} is not finite`)
          target[chunk.start + index] = value
        }
        at += chunk.k * 4
      }
    },
  }
}
