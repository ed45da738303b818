import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { run } from './predictor.ts'

const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../shared/data/profiles')
const hasTable = existsSync(join(folder, 'rapp_v100_latency.csv'))
if (!hasTable) console.error(`bench/predictor: skipped, no rapp_v100_latency.csv in ${folder} (set CLOUDLESS_PROFILES)`)

test.skipIf(!hasTable)(
  "of RaPP's 69 models a sparse profile foresees what the reference interpolation does",
  async () => {
    const found = await run({ clock: new VirtualClock(), args: [], note: () => {} })
    expect([found['models'], found['points']]).toEqual([69, 54_928])
    // The reference does not smooth what rises with more of the GPU, which costs and gains some tenths.
    const published: Readonly<Record<string, number>> = {
      mape_15: 5.7,
      mape_10: 6.5,
      mape_45: 13.1,
      median_15: 3.2,
      median_10: 3.6,
      median_45: 8.1,
      p95_15: 19.4,
      p95_10: 23,
      p95_45: 40,
    }
    for (const [key, percent] of Object.entries(published)) {
      const off = Math.abs(Number(found[key]) / percent - 1)
      expect([key, off < 0.08]).toEqual([key, true])
    }
    // Without a profile.
    expect(found['mape_by_quota']).toBeCloseTo(46, 0)
    expect(found['median_by_quota']).toBeCloseTo(25, 0)
    expect(found['mape_by_period']).toBeCloseTo(39, 0)
    expect(found['median_by_period']).toBeCloseTo(27, 0)
    expect(found['rises_quota']).toBeCloseTo(2.1, 1)
    expect(found['rises_sm']).toBeCloseTo(10.5, 1)
  },
)
