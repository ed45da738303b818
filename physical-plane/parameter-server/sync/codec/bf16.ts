// bf16: the upper half of a float32, to nearest, ties to even: float32's range with 8 bits of precision. Wire: 2 bytes
// each. What would round to infinity is sent as the largest finite one; the residual keeps the rest.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { malformed } from './malformed.ts'

const largestBits = 0x7f7f0000

export const bf16: PlainCodec = {
  encodedBytes: (elements) => encodedBytes('bf16', elements, 1),

  encode(values, target) {
    const wire = viewOf(target)
    const element = new Float32Array(1)
    const bits = new Int32Array(element.buffer)
    for (const [index, value] of values.entries()) {
      element[0] = value
      const sign = (bits[0]! >>> 16) & 0x8000
      const magnitude = Math.min(bits[0]! & 0x7fffffff, largestBits)
      const isOdd = (magnitude >>> 16) & 1
      wire.setUint16(index * 2, sign | ((magnitude + 0x7fff + isOdd) >>> 16), true)
    }
  },

  decode(bytes, target) {
    const wire = viewOf(bytes)
    const element = new Float32Array(1)
    const bits = new Int32Array(element.buffer)
    for (let index = 0; index < target.length; index++) {
      bits[0] = wire.getUint16(index * 2, true) << 16
      const value = element[0]!
      if (!Number.isFinite(value)) throw malformed('bf16', index, `${value} is not finite`)
      target[index] = value
    }
  },
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
