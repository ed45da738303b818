import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  areaOf,
  cut,
  findRoom,
  type FitRule,
  freeBeside,
  holds,
  overlap,
  type Rectangle,
  type Size,
} from './max-rects.ts'
import { asText, freeByBruteForce, orders } from './max-rects.fixture.ts'

const bin: Size = { width: 100, height: 100 }
const size = (width: number, height: number): Size => ({ width, height })
const [a, b, c, d] = [size(40, 50), size(60, 30), size(40, 50), size(30, 60)]
const paper = [
  { of: size(40, 12), count: 4 },
  { of: size(40, 24), count: 2 },
  { of: size(60, 50), count: 2 },
]

function pack(
  pieces: readonly Size[],
  rule: FitRule,
): { readonly places: readonly string[]; readonly free: readonly string[] } {
  let free: readonly Rectangle[] = freeBeside(bin, [])
  const places: string[] = []
  for (const piece of pieces) {
    const place = findRoom(free, piece, rule)
    places.push(place === null ? 'none' : asText([place])[0]!)
    if (place !== null) free = cut(free, place)
  }
  return { places, free: asText(free) }
}

describe('the worked example, quota across and multiprocessors up', () => {
  test('best area fit after each arrival, and the fourth does not fit although 4,200 are free of the 1,800 that it needs', () => {
    expect(pack([a], 'best-area')).toEqual({ places: ['0,0,40,50'], free: ['0,50,100,50', '40,0,60,100'] })
    expect(pack([a, b], 'best-area')).toEqual({
      places: ['0,0,40,50', '0,50,60,30'],
      free: ['0,80,100,20', '40,0,60,50', '60,0,40,100'],
    })
    const three = pack([a, b, c], 'best-area')
    expect(three.places[2]).toBe('40,0,40,50')
    expect(three.free).toEqual(['0,80,100,20', '60,50,40,50', '80,0,20,100'])
    expect(pack([a, b, c, d], 'best-area').places[3]).toBe('none')
  })

  test('best short side fit places all four', () => {
    expect(pack([a, b, c, d], 'best-short-side')).toEqual({
      places: ['0,0,40,50', '40,0,60,30', '0,50,40,50', '40,30,30,60'],
      free: ['40,90,60,10', '70,30,30,70'],
    })
  })

  test('so does best area fit, the large ones first', () => {
    expect(pack([a, c, b, d], 'best-area').places).toEqual(['0,0,40,50', '0,50,40,50', '40,0,60,30', '40,30,30,60'])
  })

  test("the paper's eight fit by descending area, and the last spills in the order listed", () => {
    const listed = paper.flatMap(({ of, count }) => Array<Size>(count).fill(of))
    expect(pack(listed, 'best-area').places.filter((place) => place === 'none')).toHaveLength(1)
    expect(pack(listed, 'best-area').places[7]).toBe('none')
    expect(
      pack(
        listed.toSorted((one, other) => areaOf(other) - areaOf(one)),
        'best-area',
      ),
    ).toEqual({
      places: [
        '0,0,60,50',
        '0,50,60,50',
        '60,0,40,24',
        '60,24,40,24',
        '60,48,40,12',
        '60,60,40,12',
        '60,72,40,12',
        '60,84,40,12',
      ],
      free: ['60,96,40,4'],
    })
  })

  test.each<[FitRule, number]>([
    ['best-area', 138],
    ['best-short-side', 146],
    ['bottom-left', 131],
    ['best-long-side', 77],
  ])('by %s alone %i of the 420 orders pack fully', (rule, packed) => {
    const all = orders(paper)
    expect(all).toHaveLength(420)
    expect(all.filter((order) => !pack(order, rule).places.includes('none'))).toHaveLength(packed)
  })
})

const small: Size = { width: 8, height: 8 }
const rules = fc.constantFrom<FitRule>('best-area', 'best-short-side', 'best-long-side', 'bottom-left')
const pieces = fc.array(fc.record({ width: fc.integer({ min: 1, max: 8 }), height: fc.integer({ min: 1, max: 8 }) }), {
  minLength: 1,
  maxLength: 12,
})

test('the free list is exactly the maximal free rectangles, through arrivals and departures, by brute force', () => {
  fc.assert(
    fc.property(pieces, rules, fc.array(fc.nat(11), { maxLength: 4 }), (sizes, rule, leaving) => {
      const taken: Rectangle[] = []
      let free = freeBeside(small, taken)
      for (const piece of sizes) {
        const place = findRoom(free, piece, rule)
        const isHeld = free.some(({ width, height }) => width >= piece.width && height >= piece.height)
        expect(place !== null).toBe(isHeld)
        if (place === null) continue
        expect(taken.some((other) => overlap(other, place))).toBe(false)
        expect(holds({ x: 0, y: 0, ...small }, place)).toBe(true)
        taken.push(place)
        free = cut(free, place)
      }
      expect(asText(free)).toEqual(asText(freeByBruteForce(small, taken)))
      const stay = taken.filter((_, at) => !leaving.includes(at))
      expect(asText(freeBeside(small, stay))).toEqual(asText(freeByBruteForce(small, stay)))
    }),
    { numRuns: 300 },
  )
})

test('what is taken and what is free cover the bin', () => {
  fc.assert(
    fc.property(pieces, rules, (sizes, rule) => {
      const taken: Rectangle[] = []
      let free = freeBeside(small, taken)
      for (const piece of sizes) {
        const place = findRoom(free, piece, rule)
        if (place === null) continue
        taken.push(place)
        free = cut(free, place)
      }
      const all = [...taken, ...free]
      for (let x = 0; x < small.width; x += 1)
        for (let y = 0; y < small.height; y += 1) {
          const cell = { x, y, width: 1, height: 1 }
          expect(all.some((one) => overlap(one, cell))).toBe(true)
        }
      expect(taken.reduce((sum, one) => sum + areaOf(one), 0)).toBeLessThanOrEqual(areaOf(small))
    }),
    { numRuns: 60 },
  )
})
