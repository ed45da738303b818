// The control plane forecasts what the parameter server will choose: with links and speeds as the catalogue says, both
// come to the same interval, codec and fragments.
import { describe, expect, test } from 'vitest'
import { aCatalogue, anAllocation, aPartition, aSpec, aSync } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import type { Partition } from '#control-plane/model/plan.ts'
import { forecast } from '#control-plane/scheduler/forecast.ts'
import { planAdaptively } from '#physical-plane/parameter-server/sync/when/adaptive-interval.ts'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { links } from '#proto/sync/links.fixture.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'

const samplesPerStep = 10
const trainingSeconds = 20_000

const partitionOf = (region: string, stepsPerSecond: number): Partition =>
  aPartition(region, 1, {
    samples: trainingSeconds * stepsPerSecond * samplesPerStep,
    allocations: [anAllocation(1, { samplesPerSecondPerUnit: stepsPerSecond * samplesPerStep })],
    loadPower: 1 / trainingSeconds,
  })

describe('the forecast of auto is the plan of auto', () => {
  // Links: 100 Mbit/s, 50 ms.
  const cases: readonly (readonly [string, GivenSync, number, number, number])[] = [
    ['on a link that carries it', {}, 11_000_000, 6, 6],
    ['where exact messages cost nothing', {}, 10_000, 6, 6],
    ['with slow steps in one region', {}, 11_000_000, 50, 25],
    ['with the pace of the slowest', { pacing: 'even' }, 11_000_000, 50, 10],
    ['with a fraction of a step that is left over', { fragments: 3 }, 11_000_000, 50, 29],
    ['where sparse messages would come too late', { density: 0.1, intervalMax: 80 }, 124_400_000, 6, 6],
    ['with room on the link', { utilisation: 0.3 }, 11_000_000, 6, 6],
    ['where fewer fragments fit', { intervalMin: 20, intervalMax: 24 }, 20_000_000, 6, 6],
  ]

  test.each(cases)('%s', (_, given, elements, ...speeds) => {
    const settings = aSync({ strategy: 'auto', ...given }, 2)
    const regions = ['a', 'b']
    const stepsPerSecond = { a: speeds[0], b: speeds[1] }
    const input = { regions, hub: 'a', elements, stepsPerSecond, links: links(regions, 100, 50) }
    const plan = planAdaptively(settings, true, input, null)
    const index = indexCatalogue(aCatalogue({ a: {}, b: {} }))
    const made = forecast({
      spec: aSpec({ sync: settings }),
      partitions: regions.map((region, i) => partitionOf(region, speeds[i]!)),
      exchange: null,
      index,
      links: index.link,
      modelSize: { updateBytes: 4 * elements, samplesPerStep },
      throughputSource: 'declared',
    })
    const secondsPerRound = Math.max(...regions.map((region, i) => plan.intervals[region]! / speeds[i]!))
    const exchanges = Math.ceil(trainingSeconds / (secondsPerRound * plan.fragments) - 1e-9)
    expect(made.wanBytes).toBe(2 * exchanges * encodedBytes(plan.codec, elements, settings.density) + 3 * 4 * elements)
  })
})
