// A codec makes a float32 vector smaller and gives an approximation of it back. Lengths are exactly those of
// proto/sync/encoded-bytes.ts. Codecs keep nothing between calls; what an encoding loses is the residual's business.
import type { CodecName } from '#proto/sync/settings.ts'

export interface Codec {
  readonly name: CodecName
  encodedBytes(elements: number): number
  /** `values` are finite; `target` has `encodedBytes(values.length)` bytes. */
  encode(values: Float32Array, target: Uint8Array): void
  /** Throws a `CloudlessError` of kind `invalid` where the bytes cannot be an encoding of `target.length` finite values. */
  decode(bytes: Uint8Array, target: Float32Array): void
}
