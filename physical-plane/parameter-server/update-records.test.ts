// What is kept of updates where nobody waits for anybody: who was in, who was not and why, and how old what came was.
import { describe, expect, test } from 'vitest'
import { Cluster } from './cluster.fixture.ts'
import { aLayout, sync } from './partition.fixture.ts'
import type { RoundRecord } from './records.ts'

const samples = { a: 800, b: 600, c: 600 }

async function run(
  options: Readonly<Record<string, number>>,
  cutMs: number,
  strategy = 'asgd-ga',
): Promise<readonly RoundRecord[]> {
  const cluster = await Cluster.open({
    regions: Object.entries(samples).map(([name, count]) => ({ name, samples: count })),
    sync: sync(strategy, { interval: 2, ...options }),
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

describe('an exchange takes', () => {
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

  test('of an update: from sealing to when the others have it; a region that is away does not make it longer', async () => {
    const told = (await run({}, 20_000)).filter(({ round, exchangeSeconds }) => round === 0 && exchangeSeconds > 0)
    expect(told.length).toBeGreaterThan(50)
    // A checkpoint here, a message there, a checkpoint there, a message back: 100 ms each on average.
    expect(median(told.map(({ exchangeSeconds }) => exchangeSeconds))).toBeGreaterThan(0.2)
    expect(median(told.map(({ exchangeSeconds }) => exchangeSeconds))).toBeLessThan(2)
    const away = told.filter(({ absent }) => absent['c'] !== undefined)
    expect(median(away.map(({ exchangeSeconds }) => exchangeSeconds))).toBeLessThan(3)
  })

  test('of a round: from the offer to the result, without the steps before it', async () => {
    const rounds = (await run({ interval: 16 }, 1, 'diloco')).filter(({ round }) => round > 1)
    expect(rounds.length).toBeGreaterThan(5)
    const exchange = median(rounds.map(({ exchangeSeconds }) => exchangeSeconds))
    expect(exchange).toBeGreaterThan(0.2)
    // Sixteen steps of 100 ms on average.
    expect(exchange).toBeLessThan(median(rounds.map(({ seconds }) => seconds)) - 1)
  })
})
