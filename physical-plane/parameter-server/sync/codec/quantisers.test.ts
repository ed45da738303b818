// Codecs that send every element in fewer bits: golden values, and what blocks promise of error, repetition, sign, zeros and
// what is no number (I11).
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockElements } from '#proto/sync/encoded-bytes.ts'
import { bf16 } from './bf16.ts'
import { blockScale, quantise } from './block-scale.ts'
import type { PlainCodec } from './codec.ts'
import { fp16 } from './fp16.ts'
import { fp32 } from './fp32.ts'
import { hardVectors } from './hard-vectors.fixture.ts'
import { int4 } from './int4.ts'
import { int8 } from './int8.ts'

const golden = Float32Array.of(0.5, -1.3, 0.013, 0.004, 0, 2.54, -2.54, 0.021)

describe('golden values', () => {
  test('int8', () => {
    const bytes = encoded(int8, golden)
    expect(scaleOf(bytes)).toBeCloseTo(0.02, 8)
    expect([...new Int8Array(bytes.buffer, 4)]).toEqual([25, -65, 1, 0, 0, 127, -127, 1])
  })

  test('int4', () => {
    const bytes = encoded(int4, golden)
    expect(scaleOf(bytes)).toBeCloseTo(0.362857, 6)
    // Two to a byte, the earlier one in the low half: 1 -4, 0 0, 0 7, -7 0.
    expect([...bytes.subarray(4)]).toEqual([0xc1, 0x00, 0x70, 0x09])
    const decoded = decodedBy(int4, bytes, golden.length)
    expect([...decoded].map((value) => Math.round(value / scaleOf(bytes)) + 0)).toEqual([1, -4, 0, 0, 0, 7, -7, 0])
  })

  test('fp16', () => {
    const values = [1, -2, 65_504, 2 ** -14, 2 ** -24, 2 ** -25, 2 ** -25 * 1.5, 1 + 2 ** -11, 1 + 3 * 2 ** -11]
    const halves = new Uint16Array(encoded(fp16, Float32Array.from(values)).buffer)
    expect([...halves]).toEqual([0x3c00, 0xc000, 0x7bff, 0x0400, 1, 0, 1, 0x3c00, 0x3c02])
  })

  test('bf16', () => {
    const values = [1, -2, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.3895313892515355e38]
    const halves = new Uint16Array(encoded(bf16, Float32Array.from(values)).buffer)
    expect([...halves]).toEqual([0x3f80, 0xc000, 0x3f80, 0x3f82, 0x7f7f])
  })

  test('fp32', () => {
    expect([...encoded(fp32, Float32Array.of(1, -2))]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
  })
})

describe('beyond the range of a format the largest finite number is sent', () => {
  test.each([
    ['fp16', fp16, 65_504],
    ['bf16', bf16, 3.3895313892515355e38],
  ] as const)('%s', (_, codec, largest) => {
    const huge = Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38)
    expect([...decodedBy(codec, encoded(codec, huge), 2)]).toEqual([largest, -largest])
  })

  test.each([
    ['int8', int8],
    ['int4', int4],
  ] as const)('%s', (_, codec) => {
    const huge = Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38)
    const decoded = decodedBy(codec, encoded(codec, huge), 2)
    expect(decoded[0]! / huge[0]!).toBeCloseTo(1, 6)
    expect(decoded[1]).toBe(-decoded[0]!)
  })
})

describe.each([
  ['int8', int8, 127],
  ['int4', int4, 7],
] as const)('%s in blocks', (_, codec, levels) => {
  test('is off by at most half a scale, apart from rounding to float32', () => {
    fc.assert(
      fc.property(hardVectors(), (values) => {
        const decoded = decodedBy(codec, encoded(codec, values), values.length)
        for (const [index, value] of values.entries()) {
          const start = index - (index % blockElements)
          const end = Math.min(start + blockElements, values.length)
          const scale = blockScale(values, { start, end }, levels)
          // A scale of 0 stands for a block in which everything is tiny.
          const limit = scale === 0 ? levels * 2 ** -126 : (scale / 2) * (1 + 2 ** -15)
          expect(Math.abs(value - decoded[index]!)).toBeLessThanOrEqual(limit)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('the same bytes again', () => {
    fc.assert(
      fc.property(hardVectors(), (values) => {
        const bytes = encoded(codec, values)
        expect(encoded(codec, decodedBy(codec, bytes, values.length))).toEqual(bytes)
      }),
      { numRuns: 60 },
    )
  })

  test('the same bytes again for every scale that lies at a half', () => {
    for (let low = 0; low < 4096; low++) {
      const scale = new Float32Array(Int32Array.of(0x3f000000 + low * 2049).buffer)[0]!
      const values = Float32Array.of(levels * scale, scale)
      const bytes = encoded(codec, values)
      expect(encoded(codec, decodedBy(codec, bytes, 2))).toEqual(bytes)
    }
  })

  test('halves go away from zero, and what is just below a half does not', () => {
    const below = 0.49999997
    const ratios = [0.5, -0.5, 1.5, -1.5, levels - 0.5, 0.5 - levels, below, -below]
    const wanted = [1, -1, 2, -2, levels, -levels, 0, 0]
    expect(ratios.map((ratio) => quantise(ratio, 1, levels))).toEqual(wanted)
    // The greatest is `levels`, so the scale is 1.
    const values = Float32Array.of(...ratios, levels)
    expect([...decodedBy(codec, encoded(codec, values), values.length)]).toEqual([...wanted, levels])
  })

  test('a block of zeros is zeros, beside one that is not', () => {
    const values = new Float32Array(2 * blockElements).fill(1, 0, blockElements)
    const bytes = encoded(codec, values)
    expect(bytes.subarray(bytes.length / 2).every((byte) => byte === 0)).toBe(true)
    expect([...decodedBy(codec, bytes, values.length)]).toEqual([...values])
  })
})

describe('what no encoder writes is refused with the element', () => {
  test.each([
    ['a scale that is not a number', Number.NaN],
    ['an infinite scale', Number.POSITIVE_INFINITY],
    ['a negative scale', -1],
    ['minus zero', -0],
    ['a scale whose products overflow', 3e38],
    ['a subnormal scale', 2 ** -130],
  ])('%s', (_, scale) => {
    for (const codec of [int8, int4]) {
      const bytes = encoded(codec, new Float32Array(600).fill(1))
      const second = bytes.length - codec.encodedBytes(600 - 256)
      new DataView(bytes.buffer).setFloat32(second, scale, true)
      expect(() => decodedBy(codec, bytes, 600)).toThrow("at element 256: the block's scale is")
    }
  })

  test('integers below the range', () => {
    const eight = encoded(int8, new Float32Array(300).fill(1))
    eight[4 + 7] = 0x80
    expect(() => decodedBy(int8, eight, 300)).toThrow('int8 at element 7: the value -128 is below -127')
    const four = encoded(int4, new Float32Array(300).fill(1))
    four[4 + 3] = 0x87
    expect(() => decodedBy(int4, four, 300)).toThrow('int4 at element 7: the value -8 is below -7')
  })

  test('a half byte behind an odd number of elements', () => {
    const bytes = encoded(int4, new Float32Array(3).fill(1))
    bytes[5]! |= 0x30
    expect(() => decodedBy(int4, bytes, 3)).toThrow('int4 at element 2: 3 follows the last element')
  })

  test('infinity and NaN', () => {
    const infinite = { fp32: [0, 0, 0x80, 0x7f], fp16: [0, 0x7c], bf16: [0x80, 0xff] }
    const numbers = { fp32: [1, 0, 0x80, 0x7f], fp16: [1, 0xfc], bf16: [0xc0, 0x7f] }
    for (const [name, codec] of Object.entries({ fp32, fp16, bf16 })) {
      for (const [bits, text] of [
        [infinite[name as 'fp32'], 'Infinity'],
        [numbers[name as 'fp32'], 'NaN'],
      ] as const) {
        const bytes = encoded(codec, new Float32Array(9).fill(1))
        bytes.set(bits, bits.length * 5)
        expect(() => decodedBy(codec, bytes, 9)).toThrow(new RegExp(`${name} at element 5: -?${text} is not finite`))
      }
    }
  })
})

function encoded(codec: PlainCodec, values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(codec.encodedBytes(values.length))
  codec.encode(values, bytes)
  return bytes
}

function decodedBy(codec: PlainCodec, bytes: Uint8Array, elements: number): Float32Array {
  const target = new Float32Array(elements)
  codec.decode(bytes, target)
  return target
}

function scaleOf(bytes: Uint8Array<ArrayBuffer>): number {
  return new DataView(bytes.buffer).getFloat32(0, true)
}
