import { describe, expect, test } from 'vitest'
import type { PreparedData } from '#cli/demo/data.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { jobOf } from './job.ts'
import { rows } from './rows.ts'
import { mbitPerSecond, parameters, worlds } from './settings.ts'

const prepared = (counts: readonly number[]): PreparedData => ({
  dataset: 'fashion-mnist',
  shards: counts.map((samples, index) => ({ path: `/data/${counts.length}-${index}.npz`, samples })),
  holdout: { path: '/data/holdout.npz', samples: 10 },
})

const [two, three] = worlds
const data = { split: prepared([30, 20, 10]), whole: prepared([60]) }
const row = (name: string) => rows.find((each) => each.name === name)!

function job(name: string) {
  return jobOf(three!, row(name), row(name).tuned, 7, data).spec
}

function pacesOf(spec: ReturnType<typeof job>): unknown {
  const args = spec.function?.arguments ?? []
  return JSON.parse(args[args.indexOf('--paces') + 1]!)
}

describe('the job of a row', () => {
  test('has a shard and a worker in every region, each at its pace', () => {
    const spec = job('asgd')
    expect(spec.shards?.map(({ region, samples }) => [region, samples])).toEqual([
      ['onprem/lab', 30],
      ['aws/us-east-1', 20],
      ['tencent/ap-shanghai', 10],
    ])
    expect(spec.resources?.workersMaxPerRegion).toBe(1)
    expect(pacesOf(spec)).toEqual({
      'onprem/lab/worker-0': 60,
      'aws/us-east-1/worker-0': 80,
      'tencent/ap-shanghai/worker-0': 100,
    })
  })

  test('has the first region alone with its own data, or all data and workers there', () => {
    expect(job('single').shards).toMatchObject([{ region: 'onprem/lab', samples: 30 }])
    const together = job('ideal')
    expect(together.shards).toMatchObject([{ region: 'onprem/lab', samples: 60 }])
    expect(together.resources?.workersMaxPerRegion).toBe(3)
    expect(pacesOf(together)).toEqual({
      'onprem/lab/worker-0': 60,
      'onprem/lab/worker-1': 80,
      'onprem/lab/worker-2': 100,
    })
  })

  test('is one that the control plane takes, for every row and everything it is tuned by', () => {
    for (const each of rows) {
      for (const variant of each.grid) {
        const { spec } = jobOf(three!, each, variant, 1, data)
        expect(resolveSync(spec.sync ?? {}, { regions: 3 }).violations).toEqual([])
      }
    }
  })

  test('has its own variant among what it is tuned by', () => {
    for (const { grid, tuned } of rows) expect(grid).toContainEqual(tuned)
  })
})

test('the link carries ResNet-18 at 100 Mbit/s in as many steps as the model here', () => {
  const secondsPerStep = two!.regions[0]!.paceMs / 1000
  const steps = (parameters * 4 * 8) / (mbitPerSecond(two!) * 1e6) / secondsPerStep
  const resnetSteps = (44.7e6 * 8) / 100e6 / 0.15
  expect(steps).toBeCloseTo(resnetSteps, 1)
})
