import { array, assert as check, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Shape } from './autoscaler.ts'
import { areaOf, freeSmMilli, occupancyOf, roomMilli, rowsOf, smOf } from './rows.ts'
import { shapeOf } from './view.fixture.ts'

describe('rows of a GPU', () => {
  test('are what has the same multiprocessors, 0 being all of them', () => {
    expect(rowsOf([shapeOf(300, 200), shapeOf(500, 100), shapeOf(300, 300)])).toEqual([
      { smMilli: 300, requestMilli: 500 },
      { smMilli: 500, requestMilli: 100 },
    ])
    expect(rowsOf([shapeOf(0, 200), shapeOf(1_000, 300)])).toEqual([{ smMilli: 1_000, requestMilli: 500 }])
  })

  test('have room for time in one that is there, or for all of it in one that can be begun', () => {
    const shapes = [shapeOf(300, 400), shapeOf(500, 100)]
    expect(roomMilli(shapes, 300, 4)).toBe(600)
    expect(roomMilli(shapes, 200, 4)).toBe(1_000)
    expect(roomMilli(shapes, 200, 2)).toBe(0)
    expect(roomMilli(shapes, 300 + 1, 4)).toBe(0)
    expect(freeSmMilli(shapes)).toBe(200)
    expect(roomMilli([], 1_000, 2)).toBe(1_000)
  })

  test('occupancy moves with every multiprocessor, not only with whole GPUs', () => {
    expect(occupancyOf([shapeOf(300, 500)])).toBeCloseTo(0.15, 12)
    expect(occupancyOf([shapeOf(300, 500), shapeOf(1_000, 100)])).toBeCloseTo(0.25, 12)
  })

  test('of equal instances is the sum of their areas, not the product of their sums', () => {
    const three = [1, 2, 3].map(() => shapeOf(300, 500))
    expect(occupancyOf(three)).toBeCloseTo(0.45, 12)
    const [sms, times] = [three.length * 0.3, three.length * 0.5]
    expect(occupancyOf(three)).toBeCloseTo((sms * times) / three.length, 12)
  })

  test('whoever is placed by their room fits: rows within the device, time within each row, areas add up', () => {
    const asked = array(
      record({
        smMilli: constantFrom(100, 200, 300, 500, 1_000),
        requestMilli: integer({ min: 1, max: 10 }).map((n) => 100 * n),
      }),
      { maxLength: 30 },
    )
    check(
      property(asked, (asks) => {
        const placed: Shape[] = []
        let occupancy = 0
        for (const { smMilli, requestMilli } of asks) {
          if (roomMilli(placed, smMilli, 2) < requestMilli) continue
          const shape = shapeOf(smMilli, requestMilli)
          placed.push(shape)
          occupancy += areaOf(shape)
          const rows = rowsOf(placed)
          expect(rows.length).toBeLessThanOrEqual(2)
          expect(rows.reduce((sum, row) => sum + row.smMilli, 0)).toBeLessThanOrEqual(1_000)
          for (const row of rows) expect(row.requestMilli).toBeLessThanOrEqual(1_000)
          expect(placed.every((one) => rows.some((row) => row.smMilli === smOf(one)))).toBe(true)
          expect(occupancyOf(placed)).toBeCloseTo(occupancy, 9)
          expect(occupancy).toBeLessThanOrEqual(1 + 1e-9)
        }
      }),
    )
  })
})
