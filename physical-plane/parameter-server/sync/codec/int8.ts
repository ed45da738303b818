// int8: one byte per element and a float32 scale per block of 256. Wire, per block: the scale s, then the integers, so
// that element i is s times the i-th. -128 is never sent.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { blockScale, blocksOf, checkQuantised, checkScale, quantise } from './block-scale.ts'
import type { PlainCodec } from './codec.ts'

export const int8: PlainCodec = {
  encodedBytes: (elements) => encodedBytes('int8', elements, 1),

  encode(values, target) {
    const wire = new DataView(target.buffer, target.byteOffset, target.byteLength)
    let at = 0
    for (const block of blocksOf(values.length)) {
      const scale = blockScale(values, block, 127)
      wire.setFloat32(at, scale, true)
      at += 4
      for (let index = block.start; index < block.end; index++) {
        wire.setInt8(at, quantise(values[index]!, scale, 127))
        at += 1
      }
    }
  },

  decode(bytes, target) {
    const wire = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    for (const block of blocksOf(target.length)) {
      const scale = wire.getFloat32(at, true)
      checkScale('int8', scale, block, 127)
      at += 4
      for (let index = block.start; index < block.end; index++) {
        const value = wire.getInt8(at)
        checkQuantised('int8', value, index, 127)
        target[index] = value * scale
        at += 1
      }
    }
  },
}
