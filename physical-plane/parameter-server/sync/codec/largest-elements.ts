// Which elements of a chunk a sparse codec sends: the k largest by magnitude, equal ones by lower index, so that
// everybody chooses the same. A chunk has 4096 elements, so that an index inside it fits 16 bits.
import { chunkElements, kept } from '#proto/sync/encoded-bytes.ts'
import type { CodecName } from '#proto/sync/settings.ts'
import { malformed } from './malformed.ts'

export type Chunk = { readonly start: number; readonly length: number; readonly k: number }

export function* chunksOf(elements: number, density: number): Generator<Chunk> {
  for (let start = 0; start < elements; start += chunkElements) {
    const length = Math.min(chunkElements, elements - start)
    yield { start, length, k: kept(length, density) }
  }
}

/** Indices inside the chunk, ascending. */
export function largestElements(values: Float32Array, { start, length, k }: Chunk): readonly number[] {
  const magnitudes = Array.from(values.subarray(start, start + length), Math.abs)
  return [...magnitudes.keys()]
    .sort((a, b) => magnitudes[b]! - magnitudes[a]! || a - b)
    .slice(0, k)
    .sort((a, b) => a - b)
}

/** The indices at the start of an encoded chunk. */
export function readIndices(codec: CodecName, wire: DataView, at: number, chunk: Chunk): readonly number[] {
  const indices: number[] = []
  for (let i = 0; i < chunk.k; i++) {
    const index = wire.getUint16(at + i * 2, true)
    if (index >= chunk.length) {
      throw malformed(codec, chunk.start, `index ${index} is outside of a chunk of ${chunk.length} elements`)
    }
    const before = indices.at(-1)
    if (before !== undefined && index <= before) {
      throw malformed(codec, chunk.start + index, `index ${index} follows ${before}; indices must ascend`)
    }
    indices.push(index)
  }
  return indices
}
