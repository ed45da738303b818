// What is kept of updates where nobody waits for anybody: who was in, who was not and why, and how old what came was.
import { expect, test } from 'vitest'
import { Cluster } from './cluster.fixture.ts'
import { aLayout, sync } from './partition.fixture.ts'
import type { RoundRecord } from './records.ts'

const samples = { a: 800, b: 600, c: 600 }

async function run(options: Readonly<Record<string, number>>, cutMs: number): Promise<readonly RoundRecord[]> {
  const cluster = await Cluster.open({
    regions: Object.entries(samples).map(([name, count]) => ({ name, samples: count })),
    sync: sync('asgd-ga', { interval: 2, ...options }),
    layout: aLayout(2),
    initial: [0, 0],
    gradientOf: () => [1, 1],
    learningRate: 2 ** -10,
    delayMs: 200,
  })
  await cluster.clock.advance(10_000)
  for (const other of ['a', 'b']) cluster.cut('c', other, cutMs)
  await cluster.finish(3_600_000)
  return cluster.at('a').records.waiting.filter((record) => record.kind === 'round')
}

test('a region that is not heard is absent, with the reason and its share of the data; when it is back it is not', async () => {
  const records = (await run({}, 20_000)).filter(({ round }) => round === 0)
  const without = records.filter(({ absent }) => absent['c'] !== undefined)
  expect(without.length).toBeGreaterThan(0)
  for (const { absent, excludedDataShare, members } of without) {
    expect(absent).toEqual({ c: expect.stringMatching(/^silent for \d+\.\d s$/) })
    expect(excludedDataShare).toBeCloseTo(600 / 2000, 12)
    expect(members).not.toContain('c')
  }
  const others = records.filter((record) => !without.includes(record))
  expect(others.every(({ absent, excludedDataShare }) => Object.keys(absent).length + excludedDataShare === 0)).toBe(
    true,
  )
  expect(others.some(({ members, atMs }) => members.includes('c') && atMs > without.at(-1)!.atMs)).toBe(true)
})

test('how many steps old the stalest of what was applied was is in the record', async () => {
  const records = (await run({}, 20_000)).filter(({ round }) => round === 0)
  const stalestIn = (isAfter: boolean): number => {
    const told = records.filter(({ atMs }) => isAfter === atMs > 30_000)
    return Math.max(...told.map(({ stalenessSteps }) => stalenessSteps))
  }
  // Some 10 steps a second, and 20 seconds without the other region's newest.
  expect(stalestIn(false)).toBeLessThan(50)
  expect(stalestIn(true)).toBeGreaterThan(100)
})

test('updates that are too stale are left out, and their region is named', async () => {
  const records = await run({ stalenessMax: 20 }, 20_000)
  const stale = records.filter(({ absent }) => absent['c']?.startsWith('too stale') === true)
  expect(stale.length).toBeGreaterThan(0)
  expect(
    Math.max(...records.filter(({ round }) => round === 0).map(({ stalenessSteps }) => stalenessSteps)),
  ).toBeLessThanOrEqual(20)
})
