// int4: half a byte per element and a float32 scale per block of 256. Wire, per block: the scale s, then two elements to
// a byte, the earlier one in the low half, in two's complement; element i is s times its integer. -8 is never sent, and
// the half that is left over where a block has an odd number of elements is 0.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { blockScale, blocksOf, checkQuantised, checkScale, quantise } from './block-scale.ts'
import type { PlainCodec } from './codec.ts'
import { malformed } from './malformed.ts'

export const int4: PlainCodec = {
  encodedBytes: (elements) => encodedBytes('int4', elements, 1),

  encode(values, target) {
    const wire = new DataView(target.buffer, target.byteOffset, target.byteLength)
    let at = 0
    for (const block of blocksOf(values.length)) {
      const scale = blockScale(values, block, 7)
      wire.setFloat32(at, scale, true)
      at += 4
      for (let index = block.start; index < block.end; index += 2) {
        const low = quantise(values[index]!, scale, 7)
        const high = index + 1 < block.end ? quantise(values[index + 1]!, scale, 7) : 0
        wire.setUint8(at, (low & 15) | ((high & 15) << 4))
        at += 1
      }
    }
  },

  decode(bytes, target) {
    const wire = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    for (const block of blocksOf(target.length)) {
      const scale = wire.getFloat32(at, true)
      checkScale('int4', scale, block, 7)
      at += 4
      for (let index = block.start; index < block.end; index += 2) {
        const pair = wire.getInt8(at)
        const [low, high] = [(pair << 28) >> 28, pair >> 4]
        checkQuantised('int4', low, index, 7)
        target[index] = low * scale
        at += 1
        if (index + 1 < block.end) {
          checkQuantised('int4', high, index + 1, 7)
          target[index + 1] = high * scale
        } else if (high !== 0) {
          throw malformed('int4', index, `${high} follows the last element; the half byte must be 0`)
        }
      }
    }
  },
}
