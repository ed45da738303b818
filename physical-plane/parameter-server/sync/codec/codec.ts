// A codec makes a float32 vector smaller and gives an approximation of it back. Lengths are exactly those of
// proto/sync/encoded-bytes.ts; numbers on the wire are little-endian, as in the memory of every machine that Node runs
// on. Codecs keep nothing between calls; what an encoding loses is the residual's business (error-feedback.ts).
import type { CodecName } from '#proto/sync/settings.ts'
import type { VectorMemory } from '../../replica/memory.ts'

/** Calls take their place in the stream of the memory's kernels (replica/arena-code.ts). */
export interface Codec {
  readonly name: CodecName
  /** What is decoded has the bits of what was encoded. */
  readonly isExact: boolean
  encodedBytes(elements: number): number
  /** `values` are finite and stay as they are; `target` has `encodedBytes(values.length)` bytes. */
  encode(values: Float32Array, target: Uint8Array): void
  /**
   * Rejects with a `CloudlessError` of kind `invalid` where the bytes are none that `encode` writes for
   * `target.length` finite values; the target's content is then of no meaning.
   */
  decode(bytes: Uint8Array, target: Float32Array): Promise<void>
  /** target -= what the bytes decode to. They come from an `encode` here, so they are not checked. */
  subtract(bytes: Uint8Array, target: Float32Array): void
}

/** The memory whose vectors the fast versions reach. */
export type CodecMemory = Pick<VectorMemory, 'holds' | 'load' | 'settleNow'>

/** A codec in plain TypeScript: what the bytes mean, and the judge of codec-kernels.wat. */
export interface PlainCodec {
  encodedBytes(elements: number): number
  encode(values: Float32Array, target: Uint8Array): void
  /** Throws what `Codec.decode` rejects with. */
  decode(bytes: Uint8Array, target: Float32Array): void
}
