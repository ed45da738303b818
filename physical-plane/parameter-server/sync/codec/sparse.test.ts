// Codecs that send the largest elements: golden values, and how much may stay behind (I10).
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkElements, kept } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { hardVectors, mulberry, normal, type Kind } from './hard-vectors.fixture.ts'
import { chunksOf, largestElements } from './largest-elements.ts'
import { sparseLoco } from './sparse-loco.ts'
import { topK } from './top-k.ts'

const densities = fc.constantFrom(0.001, 0.01, 0.03, 0.25, 1)
/** What half precision can hold about as well as anything else. */
const tame: readonly Kind[] = ['normal', 'equal', 'few', 'sparse']

describe('the largest elements', () => {
  test('equal magnitudes go to the lower index', () => {
    const values = Float32Array.of(1, -3, 2, 3, -2, 2, 0)
    const chunk = (k: number) => ({ start: 0, length: 7, k })
    expect(largestElements(values, chunk(1))).toEqual([1])
    expect(largestElements(values, chunk(3))).toEqual([1, 2, 3])
    expect(largestElements(values, chunk(4))).toEqual([1, 2, 3, 4])
    expect(largestElements(new Float32Array(7), chunk(2))).toEqual([0, 1])
  })

  test('nothing that stays behind is larger than what is sent', () => {
    fc.assert(
      fc.property(hardVectors(), densities, (values, density) => {
        for (const chunk of chunksOf(values.length, density)) {
          const sent = new Set(largestElements(values, chunk))
          expect(sent.size).toBe(chunk.k)
          const piece = [...values.subarray(chunk.start, chunk.start + chunk.length)].map(Math.abs)
          const least = Math.min(...[...sent].map((index) => piece[index]!))
          expect(piece.every((magnitude, index) => sent.has(index) || magnitude <= least)).toBe(true)
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('top-k', () => {
  test('on the wire: indices, then values', () => {
    const values = new Float32Array(200)
    values.set([-2], 7)
    values.set([1.5], 150)
    const bytes = encoded(topK(0.01), values)
    expect([...new Uint16Array(bytes.buffer)]).toEqual([7, 150, 0xc000, 0x3e00])
  })

  test('each chunk has its own share, the last one too', () => {
    const length = 2 * chunkElements + 100
    const values = Float32Array.from({ length }, (_, i) => i + 1)
    const indices = decodedBy(topK(0.01), encoded(topK(0.01), values), length)
      .entries()
      .filter(([, value]) => value !== 0)
      .map(([index]) => index)
    expect([...indices].map((index) => Math.floor(index / chunkElements))).toEqual([
      ...Array<number>(kept(chunkElements, 0.01)).fill(0),
      ...Array<number>(kept(chunkElements, 0.01)).fill(1),
      2,
    ])
  })

  test('what is lost is at most the share that is not sent, apart from rounding to fp16', () => {
    fc.assert(
      fc.property(hardVectors(tame), densities, (values, density) => {
        const decoded = decodedBy(topK(density), encoded(topK(density), values), values.length)
        for (const { start, length, k } of chunksOf(values.length, density)) {
          const piece = values.subarray(start, start + length)
          const lost = squares(piece.map((value, index) => value - decoded[start + index]!))
          // A half has 11 bits, so each value is off by at most 2^-11 of itself, or 2^-25.
          const rounding = squares(piece) * 2 ** -22 + length * 2 ** -50
          expect(lost).toBeLessThanOrEqual((1 - k / length) * squares(piece) * (1 + 1e-9) + rounding)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('with all elements it is the identity on what half precision holds', () => {
    fc.assert(
      fc.property(hardVectors(['equal', 'few']), (values) => {
        expect([...decodedBy(topK(1), encoded(topK(1), values), values.length)]).toEqual(
          [...values].map((value) => value + 0),
        )
      }),
      { numRuns: 40 },
    )
  })

  test('values beyond half precision are clamped, and tiny ones become 0', () => {
    const values = Float32Array.of(1e30, -70_000, 1e-9)
    expect([...decodedBy(topK(1), encoded(topK(1), values), 3)]).toEqual([65_504, -65_504, 0])
  })
})

describe('sparse-loco', () => {
  test('on the wire: indices, two levels, four codes to a byte', () => {
    const values = new Float32Array(500)
    for (const [index, value] of [
      [3, 1],
      [40, -1.5],
      [41, 4],
      [77, 0.5],
      [499, -1],
    ] as const) {
      values[index] = value
    }
    const bytes = encoded(sparseLoco(0.01), values)
    const wire = new DataView(bytes.buffer)
    expect([0, 1, 2, 3, 4].map((i) => wire.getUint16(i * 2, true))).toEqual([3, 40, 41, 77, 499])
    // The middle between 0.5 and 4 leaves four below, with a mean of 1, and one above. As bfloat16: 1 and 4.
    expect([wire.getUint16(10, true), wire.getUint16(12, true)]).toEqual([0x3f80, 0x4080])
    expect([...bytes.subarray(14)]).toEqual([0b00_01_10_00, 0b10])
    const decoded = decodedBy(sparseLoco(0.01), bytes, 500)
    expect([3, 40, 41, 77, 499].map((index) => decoded[index])).toEqual([1, -1, 4, 1, -1])
  })

  test('whatever the values, less is lost than was there', () => {
    fc.assert(
      fc.property(hardVectors([...tame, 'wide']), densities, (values, density) => {
        const decoded = decodedBy(sparseLoco(density), encoded(sparseLoco(density), values), values.length)
        for (const { start, length } of chunksOf(values.length, density)) {
          const piece = values.subarray(start, start + length)
          const lost = squares(piece.map((value, index) => value - decoded[start + index]!))
          // The large level alone: magnitudes that differ by at most a factor of 2 have 8/9 of their squares in their mean,
          // and the greatest of all k is among them.
          const greatest = Math.max(...[...piece].map(Math.abs)) ** 2
          const limit = squares(piece) - (8 / 9) * greatest
          expect(lost).toBeLessThanOrEqual(limit * (1 + 1e-4) + 2 ** -80)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('of normally distributed values 1 % go with an error below a tenth', () => {
    const draw = mulberry(1)
    const values = Float32Array.from({ length: chunkElements }, () => normal(draw))
    const decoded = decodedBy(sparseLoco(0.01), encoded(sparseLoco(0.01), values), values.length)
    const sent = [...decoded.keys()].filter((index) => decoded[index] !== 0)
    expect(sent.length).toBe(kept(chunkElements, 0.01))
    const of = (vector: Float32Array) => Float32Array.from(sent, (index) => vector[index]!)
    const lost = of(values).map((value, index) => value - of(decoded)[index]!)
    expect(Math.sqrt(squares(lost) / squares(of(values)))).toBeLessThan(0.1)
  })
})

describe('what no encoder writes is refused with the element', () => {
  const sparse = [
    ['top-k', topK(0.01)],
    ['sparse-loco', sparseLoco(0.01)],
  ] as const
  const values = Float32Array.from({ length: chunkElements + 500 }, (_, i) => Math.sin(i))

  test.each(sparse)('%s: indices that do not ascend', (name, codec) => {
    const bytes = encoded(codec, values)
    const wire = new DataView(bytes.buffer)
    const [first, second] = [wire.getUint16(0, true), wire.getUint16(2, true)]
    wire.setUint16(0, second, true)
    expect(() => decodedBy(codec, bytes, values.length)).toThrow(
      `${name} at element ${second}: index ${second} follows`,
    )
    wire.setUint16(0, first, true)
    wire.setUint16(2, first, true)
    expect(() => decodedBy(codec, bytes, values.length)).toThrow('indices must ascend')
  })

  test.each(sparse)('%s: an index outside of its chunk', (_, codec) => {
    const bytes = encoded(codec, values)
    const second = codec.encodedBytes(chunkElements)
    new DataView(bytes.buffer).setUint16(second + (kept(500, 0.01) - 1) * 2, 500, true)
    const text = 'at element 4096: index 500 is outside of a chunk of 500 elements'
    expect(() => decodedBy(codec, bytes, values.length)).toThrow(text)
  })

  test('top-k: infinity', () => {
    const bytes = encoded(topK(0.01), values)
    new DataView(bytes.buffer).setUint16(kept(chunkElements, 0.01) * 2, 0x7c00, true)
    expect(() => decodedBy(topK(0.01), bytes, values.length)).toThrow('Infinity is not finite')
  })

  test('sparse-loco: a level that is none, and bits behind the last code', () => {
    const k = kept(chunkElements, 0.01)
    for (const at of [k * 2, k * 2 + 2]) {
      for (const level of [0x7fc0, 0x7f80, 0xbf80, 0x8000]) {
        const bytes = encoded(sparseLoco(0.01), values)
        new DataView(bytes.buffer).setUint16(at, level, true)
        expect(() => decodedBy(sparseLoco(0.01), bytes, values.length)).toThrow('element 0: the chunk has a level of')
      }
    }
    const other = encoded(sparseLoco(0.01), values)
    other[k * 2 + 4 + Math.floor(k / 4)]! |= 0x80
    expect(k % 4).not.toBe(0)
    expect(() => decodedBy(sparseLoco(0.01), other, values.length)).toThrow('follows the last code')
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

function squares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}
