import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { significantBytesMax } from '../update.ts'
import { decodeSignificant, encodeSignificant, significanceAt } from './significant-changes.ts'

const anyValue = fc.float({ noNaN: true, noDefaultInfinity: true })
const anyVectors = fc.integer({ min: 1, max: 64 }).chain((length) => fc.tuple(vectorOf(length), vectorOf(length)))

function vectorOf(length: number): fc.Arbitrary<Float32Array> {
  return fc.array(anyValue, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values))
}

describe('significant changes', () => {
  test('are told, and all others stay behind: both together are all changes', () => {
    fc.assert(
      fc.property(anyVectors, fc.double({ min: 0, max: 2, noNaN: true }), ([changes, parameters], threshold) => {
        const { bytes, count } = encodeSignificant(changes, parameters, threshold)
        const told = new Float32Array(changes.length)
        decodeSignificant(bytes, told)
        expect(bytes.byteLength).toBe(2 + 6 * count)
        for (const [i, change] of changes.entries()) {
          const isSignificant = Math.abs(change) > threshold * Math.abs(parameters[i]!)
          expect(told[i]).toBe(isSignificant ? change : 0)
        }
      }),
    )
  })

  test('a change that is small stays until it has grown', () => {
    const parameters = Float32Array.of(1, 1, 0, -2)
    const left = new Float32Array(4)
    const step = Float32Array.of(0.004, 0.02, 1e-6, 0.01)
    const toldIn: string[][] = []
    for (let exchange = 0; exchange < 3; exchange++) {
      for (const [i, change] of step.entries()) left[i]! += change
      const told = new Float32Array(4)
      decodeSignificant(encodeSignificant(left, parameters, 0.01).bytes, told)
      toldIn.push(
        [...told.entries()].filter(([, value]) => value !== 0).map(([i]) => ['small', 'large', 'zero', 'two'][i]!),
      )
      for (const [i, change] of told.entries()) left[i]! -= change
    }
    expect(toldIn).toEqual([
      ['large', 'zero'],
      ['large', 'zero'],
      ['small', 'large', 'zero', 'two'],
    ])
  })

  test('the filter opens with the square root of the exchanges', () => {
    expect([1, 4, 100].map((t) => significanceAt(0.01, t))).toEqual([0.01, 0.005, 0.001])
    expect(() => significanceAt(0.01, 0)).toThrow('numbered from 1')
  })

  test('more than one chunk, and the worst case in its bounds', () => {
    const elements = 3 * 4096 + 5
    const changes = Float32Array.from({ length: elements }, (_, i) => (i % 1000) - 500.5)
    const { bytes, count } = encodeSignificant(changes, new Float32Array(elements), 0)
    expect(count).toBe(elements)
    expect(bytes.byteLength).toBe(significantBytesMax(elements))
    const told = new Float32Array(elements).fill(7)
    // At an odd offset, as bytes of a message lie.
    const moved = new Uint8Array(bytes.byteLength + 1)
    moved.set(bytes, 1)
    decodeSignificant(moved.subarray(1), told)
    expect(told).toEqual(changes)
  })
})

describe('an encoding that is none', () => {
  const one = (count: number, indices: readonly number[], values: readonly number[]): Uint8Array => {
    const bytes = new Uint8Array(2 + 2 * indices.length + 4 * values.length)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, count, true)
    for (const [i, index] of indices.entries()) view.setUint16(2 + 2 * i, index, true)
    for (const [i, value] of values.entries()) view.setFloat32(2 + 2 * indices.length + 4 * i, value, true)
    return bytes
  }

  test.each([
    ['is empty', new Uint8Array(0), 'ends before chunk 0'],
    ['ends inside a chunk', one(2, [0], [1]), 'ends inside chunk 0'],
    ['goes on after the last chunk', one(0, [0], []), 'has 4 bytes where its chunks take 2'],
    ['tells more than there is', one(9, [], []), 'tells 9 of the 8 elements'],
    ['repeats an index', one(2, [3, 3], [1, 1]), 'has index 3 after 3'],
    ['goes back', one(2, [3, 1], [1, 1]), 'has index 1 after 3'],
    ['points outside', one(1, [8], [1]), 'has index 8 after -1 in chunk 0 of 8 elements'],
    ['has no number', one(1, [5], [Number.NaN]), 'at element 5: has the value NaN'],
    ['has no finite number', one(1, [5], [Number.NEGATIVE_INFINITY]), 'at element 5: has the value -Infinity'],
  ])('%s', (_, bytes, text) => {
    expect(() => decodeSignificant(bytes, new Float32Array(8))).toThrow(text)
    expect(() => decodeSignificant(bytes, new Float32Array(8))).toThrow(CloudlessError)
  })

  test('whatever the bytes, they are refused or give finite values', () => {
    const anyMutation = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
    fc.assert(
      fc.property(anyVectors, anyMutation, fc.nat({ max: 8 }), ([changes, parameters], mutations, cut) => {
        const { bytes } = encodeSignificant(changes, parameters, 0.5)
        for (const [at, value] of mutations) bytes[at % bytes.length] = value
        const target = new Float32Array(changes.length)
        const refused = refusalOf(() => decodeSignificant(bytes.subarray(0, bytes.length - cut), target))
        expect(refused === null || (refused instanceof CloudlessError && refused.reason === 'MALFORMED_ENCODING')).toBe(
          true,
        )
        fc.pre(refused === null)
        expect(target.every((value) => Number.isFinite(value))).toBe(true)
      }),
    )
  })
})

function refusalOf(act: () => void): unknown {
  try {
    act()
    return null
  } catch (error) {
    return error
  }
}
