import { describe, expect, test } from 'vitest'
import { surfaceOf, type SurfacePoint } from './surface.ts'

const point = (smMilli: number, batch: number, latencyMs: number): SurfacePoint => ({
  smMilli,
  quotaMilli: 1000,
  batch,
  processes: 1,
  latencyMs,
  throughputPerSecond: (1000 * batch) / latencyMs,
})
const surface = surfaceOf([point(250, 1, 40), point(1000, 1, 10), point(250, 4, 160), point(1000, 4, 40)])

describe('a recorded surface', () => {
  test('answers what was recorded, and between that what goes in powers', async () => {
    const plain = { quotaMilli: 1000, processes: 1 }
    expect(surface.at({ ...plain, smMilli: 250, batch: 4 })?.latencyMs).toBe(160)
    expect(surface.at({ ...plain, smMilli: 500, batch: 1 })?.latencyMs).toBeCloseTo(20, 9)
    const signal = new AbortController().signal
    const middle = await surface.measure({ ...plain, smMilli: 500, batch: 2 }, signal)
    expect(middle?.latencyMs).toBeCloseTo(40, 9)
    expect(middle?.throughputPerSecond).toBeCloseTo(50, 9)
  })

  test('answers nothing outside, nor beside what did not run', () => {
    expect(surface.at({ smMilli: 100, quotaMilli: 1000, batch: 1, processes: 1 })).toBeNull()
    expect(surface.at({ smMilli: 500, quotaMilli: 1000, batch: 8, processes: 1 })).toBeNull()
    const holed = surfaceOf([point(250, 1, 40), point(1000, 1, 10), point(1000, 4, 40)])
    expect(holed.at({ smMilli: 500, quotaMilli: 1000, batch: 4, processes: 1 })).toBeNull()
  })

  test('refuses points that are no measurements, by name', () => {
    expect(() => surfaceOf([])).toThrow('points: has none')
    expect(() => surfaceOf([point(250, 1, 40), point(500, 1, -3)])).toThrow('points[1].latencyMs: -3')
  })
})
