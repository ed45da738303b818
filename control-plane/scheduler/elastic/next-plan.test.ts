import { expect, test } from 'vitest'
import { aForecast, anAllocation, aPartition } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { nextPlan } from './next-plan.ts'
import { running } from './running-job.fixture.ts'

test('where a partition moves, regions still know the one that they meet at by its name', () => {
  const snapshot = running()
  const context = { snapshot, index: indexCatalogue(snapshot.catalogue), units: new Map(), mayGrow: true }
  const job = snapshot.jobs[0]!
  const change = {
    step: 'move' as const,
    candidate: { partitions: [], exchange: { interval: 16, codec: 'int8', fragments: 4, hub: 'c' } },
    partitions: [aPartition('a', 6), aPartition('c', 8, { allocations: [anAllocation(8)] })],
    forecast: aForecast({ seconds: 5 }),
    moved: new Map([['b', 'c']]),
    decided: { alternatives: [], bound: null },
    unchanged: null,
  }
  const next = nextPlan(context, job, job.plan!, change, 'why')!
  expect(next.partitions.map(({ region, place, moves }) => [region, place, moves])).toEqual([
    ['a', 'a', 0],
    ['b', 'c', 1],
  ])
  // What messages look like stays as the job began.
  const { codec, fragments } = job.spec.sync
  expect(next.exchange).toEqual({ interval: 16, codec, fragments, hub: 'b' })
  expect(next).toMatchObject({ version: 2, cause: 'why' })
})
