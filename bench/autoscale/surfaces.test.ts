import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deviceModel, servedModels } from './surfaces.ts'

const folder = process.env['CLOUDLESS_DATA'] ?? join(import.meta.dirname, '../../../shared/data')
const file = join(folder, 'profiles/rapp_v100_latency.csv')
if (!existsSync(file)) console.error(`bench/autoscale: skipped, no ${file} (set CLOUDLESS_DATA)`)

test.skipIf(!existsSync(file))(
  'ResNet-50 takes what RaPP measured, within 5 % where that is smoothed, and never longer with more',
  () => {
    const { truth, known } = servedModels(file, ['resnet50']).get('resnet50')!
    const at = (batch: number, smMilli: number, requestMilli: number, of = truth): number =>
      of(deviceModel, batch, { smMilli, requestMilli, limitMilli: requestMilli })!
    expect(Math.abs(at(1, 500, 100) / 246.3 - 1)).toBeLessThan(0.05)
    expect(Math.abs(at(1, 500, 500) / 31.42 - 1)).toBeLessThan(0.05)
    for (const quota of [600, 700, 800, 900, 1_000]) expect(Math.abs(at(1, 500, quota) - 20.8)).toBeLessThan(0.9)
    // Bound by its launches: eight images take no longer than one.
    expect(Math.abs(at(8, 1_000, 1_000) - at(1, 1_000, 1_000))).toBeLessThan(0.5)
    // Of a batch of four on 30 % the fifths of the time are as measured, and the rest is foreseen from a part of the points.
    const measured = [252.25, 77.33, 53.72, 35.18, 31.89, 21.51, 21.17, 21.07, 20.85, 20.9]
    const quotas = measured.map((_, index) => 100 * (index + 1))
    for (const [index, quota] of quotas.entries()) {
      expect(Math.abs(at(4, 300, quota) / measured[index]! - 1)).toBeLessThan(0.05)
      expect(Math.abs(at(4, 300, quota, known) / measured[index]! - 1)).toBeLessThan(0.25)
      expect(at(4, 300, quota)).toBeLessThanOrEqual(at(4, 300, quotas[Math.max(0, index - 1)]!))
    }
  },
)
