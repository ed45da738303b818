import { expect, test } from 'vitest'
import { pointsMax } from './config.ts'
import { pointsOf } from './points.ts'
import type { Probe } from './probes.ts'

const probe = (smMilli: number, batch: number, latencyMs: number | null, over = {}): Probe => ({
  configuration: { smMilli, quotaMilli: 1000, batch, processes: 1, ...over },
  measurement: latencyMs === null ? null : { latencyMs, throughputPerSecond: 1 },
})
const probes = [
  probe(500, 4, 12.345678),
  probe(300, 4, 20),
  probe(500, 1, 5),
  probe(100, 16, null),
  probe(500, 4, 9, { processes: 2 }),
  probe(500, 4, 24, { quotaMilli: 500 }),
]

test('under MPS a probe is of its multiprocessors, and of its time on them', () => {
  expect(pointsOf(probes, true)).toEqual([
    { batch: 1, smMilli: 500, quotaMilli: 1000, latencyMs: 5 },
    { batch: 4, smMilli: 300, quotaMilli: 1000, latencyMs: 20 },
    { batch: 4, smMilli: 500, quotaMilli: 500, latencyMs: 24 },
    { batch: 4, smMilli: 500, quotaMilli: 1000, latencyMs: 12.3457 },
  ])
})

test('without MPS it is of the time on all of them, each part of it once', () => {
  expect(pointsOf([...probes, probe(250, 4, 99)], false)).toEqual([
    { batch: 1, smMilli: 1000, quotaMilli: 500, latencyMs: 5 },
    { batch: 4, smMilli: 1000, quotaMilli: 250, latencyMs: 24 },
    { batch: 4, smMilli: 1000, quotaMilli: 300, latencyMs: 20 },
    { batch: 4, smMilli: 1000, quotaMilli: 500, latencyMs: 12.3457 },
  ])
})

test('there are no more than are remembered', () => {
  const many = Array.from({ length: 1000 }, (_, i) => probe(i + 1, 1, 1))
  expect(pointsOf(many, true)).toHaveLength(pointsMax)
})
