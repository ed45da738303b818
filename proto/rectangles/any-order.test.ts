import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnyOrder } from './any-order.ts'
import type { Size } from './max-rects.ts'
import { packTogether } from './repack.ts'

const bin: Size = { width: 1000, height: 1000 }
const size = (width: number, height: number): Size => ({ width, height })

function isTaken(pieces: readonly Size[]): boolean {
  return packTogether(bin, new Map(pieces.map((piece, at) => [String(at), piece]))) !== null
}

describe('pieces that may come in any order', () => {
  test('are those whose areas fit where all are as high as the bin', () => {
    const anyOrder = new AnyOrder(bin)
    expect(anyOrder.fits([size(600, 1000), size(400, 1000)])).toBe(true)
    expect(anyOrder.fits([size(600, 1000), size(401, 1000)])).toBe(false)
  })

  test('are not those that fit by area alone', () => {
    const anyOrder = new AnyOrder(bin)
    expect(anyOrder.fits([size(600, 600), size(600, 400), size(400, 1000)])).toBe(true)
    expect(anyOrder.fits([size(600, 600), size(600, 600)])).toBe(false)
    expect(anyOrder.fits([size(600, 600), size(1000, 500)])).toBe(false)
  })

  test('are not those that one order would leave out, because a few of them are not seen to fit', () => {
    const all = [size(300, 800), size(400, 300), size(400, 600), size(300, 800), size(500, 200)]
    expect([isTaken(all), isTaken(all.slice(1))]).toEqual([true, false])
    expect(new AnyOrder(bin).fits(all)).toBe(false)
  })

  test('may be many that are alike, but not many that all differ: nobody could look at all parts of them', () => {
    const anyOrder = new AnyOrder(bin)
    expect(anyOrder.fits(Array.from({ length: 100 }, () => size(100, 100)))).toBe(true)
    expect(anyOrder.fits(Array.from({ length: 12 }, (_, at) => size(10 + at, 20)))).toBe(false)
  })

  test('are taken by whoever asks for one after the other, also where some go in between', () => {
    const piece = fc.record({ width: fc.integer({ min: 2, max: 14 }), height: fc.integer({ min: 2, max: 14 }) })
    const pieces = fc.array(
      piece.map(({ width, height }) => size(50 * width, 50 * height)),
      { minLength: 2, maxLength: 9 },
    )
    const anyOrder = new AnyOrder(bin)
    fc.assert(
      fc.property(pieces, fc.infiniteStream(fc.nat()), (drawn, chance) => {
        const promised: Size[] = []
        for (const one of drawn) if (anyOrder.fits([...promised, one])) promised.push(one)
        const waiting = [...promised]
        const here: Size[] = []
        for (const draw of chance) {
          if (waiting.length === 0) break
          if (draw % 5 === 0 && here.length > 0) waiting.push(...here.splice(draw % here.length, 1))
          here.push(...waiting.splice(draw % waiting.length, 1))
          expect(isTaken(here)).toBe(true)
        }
      }),
    )
  })
})
