// fp32: the elements as they are. Wire: 4 bytes each. Infinities and NaN are refused, here as in every codec.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { malformed } from './malformed.ts'

export const fp32: PlainCodec = {
  encodedBytes: (elements) => encodedBytes('fp32', elements, 1),

  encode(values, target) {
    target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  },

  decode(bytes, target) {
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes)
    for (const [index, value] of target.entries()) {
      if (!Number.isFinite(value)) throw malformed('fp32', index, `${value} is not finite`)
    }
  },
}
