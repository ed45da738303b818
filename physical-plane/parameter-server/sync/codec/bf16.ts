// bf16: the upper half of a float32, to nearest, ties to even: float32's range with 8 bits of precision. Wire: 2 bytes
// each. What would round to infinity is sent as the largest finite one; the residual keeps the rest.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { malformed } from './malformed.ts'

const largestBits = 0x7f7f0000

export const bf16: PlainCodec = {
  encodedBytes: (elements) => encodedBytes('bf16', elements, 1),

  encode(values, target) {
    const wire = new DataView(target.buffer, target.byteOffset, target.byteLength)
    for (const [index, value] of values.entries()) wire.setUint16(index * 2, toBf16(value), true)
  },

  decode(bytes, target) {
    const wire = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let index = 0; index < target.length; index++) {
      const value = fromBf16(wire.getUint16(index * 2, true))
      if (!Number.isFinite(value)) throw malformed('bf16', index, `${value} is not finite`)
      target[index] = value
    }
  },
}

/** The 16 bits of a finite float32. */
export function toBf16(value: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer)[0]!
  const magnitude = Math.min(bits & 0x7fffffff, largestBits)
  const isOdd = (magnitude >>> 16) & 1
  return ((bits >>> 16) & 0x8000) | ((magnitude + 0x7fff + isOdd) >>> 16)
}

export function fromBf16(bits: number): number {
  return new Float32Array(Int32Array.of(bits << 16).buffer)[0]!
}
