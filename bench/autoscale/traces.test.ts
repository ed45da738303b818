import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { neededFiles, traces } from './traces.ts'

const folder = process.env['CLOUDLESS_DATA'] ?? join(import.meta.dirname, '../../../shared/data')
const missing = neededFiles(folder)
if (missing.length > 0) console.error(`bench/autoscale: skipped, no ${missing.join(', ')} (set CLOUDLESS_DATA)`)

test.skipIf(missing.length > 0)(
  "HAS-GPU's loads are 2,690 and 2,115 requests of each model in 250 s, evenly spaced or at random",
  () => {
    const all = new Map(traces(folder, 'test').map((trace) => [trace.name, trace]))
    for (const [shape, requests, least, most] of [
      ['rps', 2_690, 5, 15],
      ['stress', 2_115, 1, 20],
    ] as const) {
      const even = all.get(`has_${shape}_even`)!
      expect([even.lengthMs, even.loads.length]).toEqual([250_000, 4])
      const text = readFileSync(join(folder, `arrivals/hasgpu_${shape}.json`), 'utf8')
      const rates = (JSON.parse(text) as { processed_request_counts: readonly number[] }).processed_request_counts
      expect([Math.min(...rates), Math.max(...rates)]).toEqual([least, most])
      for (const { arrivalsMs, peakPerSecond } of even.loads) {
        expect([arrivalsMs.length, peakPerSecond]).toEqual([requests, most])
        // Each slot of 5 s has what its rate says, all as far from each other.
        for (const [slot, rate] of rates.entries()) {
          const own = arrivalsMs.filter((ms) => Math.floor(ms / 5_000) === slot)
          expect(own.length).toBe(5 * rate)
          for (const [at, ms] of own.entries()) expect(ms).toBeCloseTo(own[0]! + (at * 1_000) / rate, 6)
        }
      }
      for (const { arrivalsMs } of all.get(`has_${shape}_poisson`)!.loads) {
        expect(Math.abs(arrivalsMs.length / requests - 1)).toBeLessThan(0.1)
        expect(new Set(arrivalsMs).size).toBe(arrivalsMs.length)
      }
    }
  },
)
