import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { sharingConfig } from './config.ts'
import { addCycles, forgetInflation, noCycles, type CycleModel } from './cycles.ts'
import { firstLevel, moveLevel, type LatencyClient, type Level } from './dilu.ts'
import { judgeSlo, type SloVerdict } from './slo.ts'

const config = sharingConfig.dilu
const unknown: SloVerdict = { kind: 'unknown', ratio: null, because: 'has no objective', revision: 0 }

function aClient(change: Partial<LatencyClient> = {}): LatencyClient {
  return {
    instanceId: 'serve',
    isTokenByToken: false,
    inflation: 1,
    cyclesSeen: 100,
    idleMs: 0,
    slo: unknown,
    ...change,
  }
}

function slo(latencyMs: number, revision: number): SloVerdict {
  const objective = { latencyMs: 20, percentile: 99 }
  const measured = { latencyMs, requests: 10, revision }
  return judgeSlo({ objective, measured, measuredAgeMs: 0, cycleUs: null, cyclesSeen: 0 }, sharingConfig.slo)
}

describe('published factors', () => {
  test.each([
    [1.59, false, 'CONTENTION', 1],
    [1.6, false, 'EMERGENCY', 1 / 1.6],
    [1.3, false, 'CONTENTION', 1],
    [1.3, true, 'EMERGENCY', 1 / 1.3],
    [1.19, false, 'RECOVERY', 1],
    [3.9, false, 'EMERGENCY', 1 / 3.9],
    [50, false, 'EMERGENCY', 1 / 4],
  ] as const)('inflation %d, token by token %s: %s, level %d', (inflation, isTokenByToken, state, level) => {
    const moved = moveLevel(firstLevel, [aClient({ inflation, isTokenByToken })], config)
    expect(moved.state).toBe(state)
    expect(moved.level).toBeCloseTo(level, 9)
    expect(moved.because).toContain(inflation.toFixed(2))
  })

  test('recovery takes five cycles a step of 1.3 and ends at the limit', () => {
    let level: Level = { ...firstLevel, level: 0.5 }
    const seen: number[] = []
    for (let cycle = 100; cycle < 130; cycle++) {
      level = moveLevel(level, [aClient({ cyclesSeen: cycle })], config)
      seen.push(level.level)
    }
    expect(seen[0]).toBeCloseTo(0.65, 9)
    expect(seen[4]).toBeCloseTo(0.65, 9)
    expect(seen[5]).toBeCloseTo(0.845, 9)
    expect(seen.at(-1)).toBe(1)
  })

  test('the floor is 0.01', () => {
    let level: Level = firstLevel
    for (let cycle = 100; cycle < 130; cycle++)
      level = moveLevel(level, [aClient({ inflation: 4, cyclesSeen: cycle })], config)
    expect(level.level).toBe(0.01)
  })

  test('all idle for half a second: the limit at once', () => {
    const low: Level = { ...firstLevel, level: 0.01, state: 'EMERGENCY' }
    expect(moveLevel(low, [aClient({ idleMs: 500, inflation: 4 })], config).level).toBeCloseTo(0.01, 9)
    const idle = moveLevel(low, [aClient({ idleMs: 501, inflation: 4 })], config)
    expect(idle).toMatchObject({ level: 1, state: '' })
    expect(idle.because).toContain('idle for 501 ms')
  })
})

describe('the second input', () => {
  test('over 0.9 of the objective is an emergency whatever the cycles say, once a figure', () => {
    const first = moveLevel(firstLevel, [aClient({ slo: slo(19, 1) })], config)
    expect(first).toMatchObject({ state: 'EMERGENCY', worst: 'serve' })
    expect(first.level).toBeCloseTo(1 / 1.3, 9)
    expect(first.because).toContain('p99 19.0 of 20 ms')
    const again = moveLevel(first, [aClient({ slo: slo(19, 1), cyclesSeen: 500 })], config)
    expect(again.level).toBe(first.level)
    expect(moveLevel(again, [aClient({ slo: slo(60, 2) })], config).level).toBeCloseTo(first.level / 3, 9)
  })

  test('an inflation that the objective can afford cuts nobody', () => {
    expect(moveLevel(firstLevel, [aClient({ inflation: 3, slo: slo(12, 1) })], config)).toMatchObject({
      state: 'CONTENTION',
      level: 1,
    })
    expect(moveLevel(firstLevel, [aClient({ inflation: 3, slo: slo(15, 1) })], config).state).toBe('EMERGENCY')
  })

  test('no recovery while less than 0.3 of the objective is left', () => {
    const low: Level = { ...firstLevel, level: 0.5 }
    expect(moveLevel(low, [aClient({ slo: slo(15, 1) })], config).level).toBe(0.5)
    expect(moveLevel(low, [aClient({ slo: slo(13, 1) })], config).level).toBeCloseTo(0.65, 9)
  })

  test('a figure that is old or of nobody says nothing', () => {
    const objective = { latencyMs: 20, percentile: 99 }
    const of = (requests: number, measuredAgeMs: number): string =>
      judgeSlo(
        { objective, measured: { latencyMs: 50, requests, revision: 1 }, measuredAgeMs, cycleUs: null, cyclesSeen: 0 },
        sharingConfig.slo,
      ).kind
    expect([of(1, 0), of(0, 0), of(1, 15_001)]).toEqual(['emergency', 'unknown', 'unknown'])
    const byCycles = judgeSlo(
      { objective, measured: null, measuredAgeMs: Infinity, cycleUs: 19_000, cyclesSeen: 40 },
      sharingConfig.slo,
    )
    expect(byCycles).toMatchObject({ kind: 'emergency', revision: 2 })
  })
})

describe('several latency clients', () => {
  test('the worst off decides; idle ones and its own past do not', () => {
    const clients = [
      aClient({ instanceId: 'a', inflation: 1.7 }),
      aClient({ instanceId: 'b', inflation: 2.5 }),
      aClient({ instanceId: 'c', inflation: 4, idleMs: 1000 }),
    ]
    const moved = moveLevel(firstLevel, clients, config)
    expect(moved).toMatchObject({ worst: 'b', level: 1 / 2.5, hasActed: true })
    // Nothing new from b: its cut has not been seen yet.
    expect(moveLevel(moved, clients, config)).toMatchObject({ level: 1 / 2.5, hasActed: false })
  })
})

/** A device on which a cycle grows with what confined clients take: the plant that the level controls. */
function run(options: { readonly seed: number; readonly slope: number; readonly noise: number }): number[] {
  const random = seededRandom(options.seed)
  const levels: number[] = []
  let model: CycleModel = noCycles
  let level: Level = firstLevel
  // Alone at first, so that the base is known.
  for (let cycle = 0; cycle < 50; cycle++)
    model = addCycles(model, [5000 * (1 + options.noise * random.next())], 5e6, config.outlier, sharingConfig.cycles)
  for (let cycle = 0; cycle < 600; cycle++) {
    const us = 5000 * (1 + options.slope * level.level) * (1 + options.noise * random.next())
    model = addCycles(model, [us], 5e6, config.outlier, sharingConfig.cycles)
    // Ticks are more frequent than cycles.
    for (let tick = 0; tick < 3; tick++) {
      level = moveLevel(level, [aClient({ inflation: model.inflation, cyclesSeen: model.seen })], config)
      if (level.hasActed) model = forgetInflation(model)
    }
    levels.push(level.level)
  }
  return levels
}

describe('the loop', () => {
  test('converges to where cycles are tolerable, and does not oscillate', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0.7, max: 8, noNaN: true }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        (seed, slope, noise) => {
          const settled = run({ seed, slope, noise }).slice(100, 200)
          const [least, most] = [Math.min(...settled), Math.max(...settled)]
          // Where it stays, cycles are not in an emergency for long; and it does not swing by more than a step each way.
          expect(slope * least).toBeLessThan(0.75)
          expect(most / least).toBeLessThan(1.3 * 2)
          const turns = settled.slice(2).filter((value, index) => {
            const [first, second] = [settled[index]!, settled[index + 1]!]
            return (second - first) * (value - second) < 0
          })
          expect(turns.length).toBeLessThan(20)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('comes back to the limit once trouble is over', () => {
    expect(run({ seed: 1, slope: 0.1, noise: 0.05 }).at(-1)).toBe(1)
  })
})
