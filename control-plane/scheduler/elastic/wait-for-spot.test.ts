import { describe, expect, test } from 'vitest'
import {
  aCatalogue,
  anAgent,
  anAllocation,
  anInstance,
  aPartition,
  aPlan,
  aPrice,
  aShard,
  aSnapshot,
  aSpec,
  aJob,
  someProgress,
} from '#control-plane/model/builders.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { replanRunning } from './replan-running.ts'
import { nothingRemembered } from './state.ts'

const base = aCatalogue({ a: { t4: 3 } }, { cpu: 1, t4: 100 })
const catalogue = {
  ...base,
  regions: base.regions.map((region) => ({
    ...region,
    prices: [...region.prices, aPrice('t4', 1, { market: 'spot', lossesPerHour: 0.1 })],
  })),
}
const spot = anAllocation(2, { deviceModel: 't4', market: 'spot', samplesPerSecondPerUnit: 100, usdPerUnitHour: 1 })

/** Half of an hour of work on two units is done in the first hour; its spot capacity was just taken away. */
function bereft(secondsToDeadline: number, left = 360_000): Snapshot {
  const nowMs = 3_600_000
  const spec = aSpec({
    shards: [aShard('a', 720_000)],
    policy: 'least-cost',
    objective: { kind: 'deadline', atMs: nowMs + 1000 * secondsToDeadline },
    resources: {
      deviceModels: [],
      markets: ['on-demand', 'spot'],
      workersMaxPerRegion: 2,
      samplesPerSecond: { t4: 100 },
    },
  })
  const partition = aPartition('a', 0, { samples: 720_000, allocations: [spot], loadPower: 200 / 720_000 })
  const plan = aPlan({}, { policy: 'least-cost', partitions: [partition], objective: spec.objective })
  const progress = someProgress('a', { samplesDone: 720_000 - left, samplesTotal: 720_000, steps: 1000, workers: 0 })
  const worker = { region: 'a', deviceModel: 't4', market: 'spot', state: 'backing-off' } as const
  return aSnapshot({
    nowMs,
    catalogue,
    agents: [anAgent('a', { t4: 4 })],
    jobs: [aJob({ spec, plan, state: 'running', startedAtMs: 0 })],
    instances: [
      anInstance({ id: 'j-1/a/ps', region: 'a', role: 'parameter-server', units: 0, progress }),
      anInstance({ id: 'j-1/a/worker-0', ...worker }),
      anInstance({ id: 'j-1/a/worker-1', ...worker }),
    ],
  })
}

function bought(snapshot: Snapshot): readonly string[] {
  const plan = replanRunning(snapshot, nothingRemembered).actions.jobs[0]?.change.plan
  return (plan?.partitions ?? []).flatMap(({ allocations }) =>
    allocations.map(({ market, units }) => `${units} ${market}`),
  )
}

describe('a job with a deadline that lost its spot capacity', () => {
  test('waits for it while progress keeps up with time', () => {
    // Half an hour of work on two units, and two hours for it.
    expect(bought(bereft(7_200))).toEqual([])
  })

  test('buys on demand when it needs to', () => {
    expect(bought(bereft(2_100))).toEqual(['2 on-demand'])
    expect(bought(bereft(4_000, 700_000))).toEqual(['2 on-demand'])
  })

  test('without a deadline buys at once', () => {
    const snapshot = bereft(7_200)
    const [job] = snapshot.jobs
    const spec = { ...job!.spec, objective: { kind: 'least-cost', slack: 0.05 } as const }
    expect(bought({ ...snapshot, jobs: [{ ...job!, spec }] })).toEqual(['2 on-demand'])
  })
})
