import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { noBubbles, watchBubbles, type BubbleModel } from './bubbles.ts'
import { sharingConfig } from './config.ts'
import { admitOnline, beginFilling, guardFilling, openingOf, type FillModel } from './fill.ts'
import { decodeSlot, layoutConstants, type SlotReading } from './layout.ts'

const nothing = decodeSlot(Buffer.alloc(layoutConstants.slotBytes), 0)
const config = sharingConfig.bubbles

/** A training's line A and B at a time: busy times and gaps in turn, in us, for ever. */
function trainingAt(pattern: readonly (readonly [number, number])[], nowNs: number): SlotReading {
  let atNs = 1e9
  let cycles = 0
  let gapNs = 0
  for (let index = 0; ; index++) {
    const [busyUs, gapUs] = pattern[index % pattern.length]!
    const endNs = atNs + busyUs * 1000
    const base = { ...nothing, launches: 1 + index, cycles, hostGapNs: gapNs, busySinceNs: atNs, lastLaunchNs: atNs }
    if (nowNs < endNs) return { ...base, isBusy: true, idleSinceNs: 0 }
    cycles++
    gapNs = gapUs * 1000
    if (nowNs < endNs + gapNs) return { ...base, cycles, isBusy: false, idleSinceNs: endNs }
    atNs = endNs + gapNs
  }
}

type Seen = { readonly atNs: number; readonly model: BubbleModel }

function watchFor(pattern: readonly (readonly [number, number])[], seconds: number, tickUs = 5000): Seen[] {
  const random = seededRandom(1)
  const seen: Seen[] = []
  let model = noBubbles
  let lastNs = 1e9
  for (let atNs = 1e9; atNs < 1e9 + seconds * 1e9;) {
    model = watchBubbles(model, trainingAt(pattern, atNs), atNs, atNs - lastNs, config)
    seen.push({ atNs, model })
    lastNs = atNs
    // Some ticks come late.
    atNs += tickUs * 1000 * (random.next() < 0.1 ? 1 + 3 * random.next() : 1)
  }
  return seen
}

describe('bubbles of a training', () => {
  test('one bubble an iteration is found, its length foreseen and its time counted', () => {
    const seen = watchFor([[60_000, 15_000]], 10)
    const { model } = seen.at(-1)!
    expect(model.period).toBe(1)
    expect(model.predictedUs).toBeCloseTo(15_000, -2)
    expect(model.iterationUs).toBeCloseTo(75_000, -2)
    // A fifth of ten seconds.
    expect(model.bubbleNs / 1e9).toBeGreaterThan(1.95)
    expect(model.bubbleNs / 1e9).toBeLessThan(2.05)
    for (const { model: each, atNs } of seen) {
      const idleUs = each.idleSinceNs === 0 ? 0 : (atNs - each.idleSinceNs) / 1000
      expect(each.state).toBe(idleUs >= 2000 ? 'OPEN' : idleUs >= 500 ? 'PROBE' : 'BUSY')
    }
  })

  test('bubbles are foreseen by their position in the iteration', () => {
    // Forward, short wait, backward, long wait, optimiser, short wait.
    const seen = watchFor(
      [
        [20_000, 6000],
        [30_000, 18_000],
        [12_000, 3000],
      ],
      20,
    )
    const { model } = seen.at(-1)!
    expect(model.period).toBe(3)
    expect(model.iterationUs).toBeCloseTo(89_000, -2)
    const inBubble = seen.slice(-500).filter(({ model: each }) => each.state === 'OPEN')
    expect(inBubble.length).toBeGreaterThan(50)
    for (const { model: each } of inBubble)
      expect([3000, 6000, 18_000]).toContain(Math.round(each.predictedUs! / 100) * 100)
  })

  test('an empty queue and communication alone are bubbles as well', () => {
    const at = (change: Partial<SlotReading>, before: BubbleModel = noBubbles, nowNs = 10e9): BubbleModel =>
      watchBubbles(before, { ...nothing, launches: 5, isBusy: true, ...change }, nowNs, 5e6, config)
    expect(at({ idleSinceNs: 10e9 - 3e6 })).toMatchObject({ state: 'OPEN', evidence: 'device' })
    const communicates = { onlyCommunicates: true, communicatesSinceNs: 10e9 - 1e5 }
    const communicating = at(communicates)
    expect(communicating).toMatchObject({ state: 'BUSY', evidence: 'communication', idleSinceNs: 10e9 - 1e5 })
    expect(at(communicates, communicating, 10e9 + 5e6).state).toBe('OPEN')
    // What it waited for has come, and it has launched again: its length is known to the microsecond, whenever a tick comes.
    const after = { busySinceNs: 10e9 + 12e6, hostGapNs: 1e5 }
    expect(at(after, communicating, 10e9 + 15e6).unsyncedUs).toEqual([12_000])
    expect(at({})).toMatchObject({ state: 'BUSY', evidence: null })
    // Launched ahead, never synchronised: idle when all that was launched must be done.
    expect(at({ lastLaunchNs: 10e9 - 50e6, queueUs: 20_000 })).toMatchObject({ state: 'OPEN', evidence: 'device' })
    expect(at({ lastLaunchNs: 10e9 - 20e6, queueUs: 20_000 })).toMatchObject({ state: 'BUSY', evidence: null })
    // It waits for its work: busy until it has it.
    const isWaitedFor = { lastLaunchNs: 10e9 - 50e6, queueUs: layoutConstants.queueWaitedFor }
    expect(at(isWaitedFor)).toMatchObject({ state: 'BUSY', evidence: null })
  })

  test('neither a pause nor another way of working makes a bubble longer than it is, or a period of what is none', () => {
    // Twelve iterations waited for without a bubble, half a second of waiting for others, then iterations with bubbles and one pause.
    const bubbles = (count: number): (readonly [number, number])[] =>
      Array.from({ length: count }, () => [40_000, 10_000])
    const measured = Array.from({ length: 12 }, () => [40_000, 50] as const)
    const seen = watchFor([...measured, [40_000, 500_000], ...bubbles(40), [40_000, 300_000], ...bubbles(200)], 8)
    expect(Math.max(...seen.map(({ model }) => model.predictedUs ?? 0))).toBeLessThan(10_001)
    expect(new Set(seen.map(({ model }) => model.period))).toEqual(new Set([1]))
    expect(seen.at(-1)!.model.predictedUs).toBeCloseTo(10_000, -2)
  })

  test('a process that begins again begins a new history', () => {
    const old = watchFor([[60_000, 15_000]], 2).at(-1)!.model
    const begun = watchBubbles(old, { ...nothing, launches: 1, isBusy: true, busySinceNs: 5 }, 4e9, 5e6, config)
    expect(begun.gaps).toEqual([])
  })
})

/** Iterations of a training of 60 ms + 15 ms whose bubbles are filled; `slowdown` is what the filling costs at full budget. */
function fill(slowdown: number, iterations: number, base = 75_000): FillModel[] {
  const models: FillModel[] = []
  let model = beginFilling(0, sharingConfig.fill)
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const nowNs = iteration * base * 1000
    const bubbles = { ...noBubbles, predictedUs: 15_000, idleSinceNs: nowNs, evidence: 'host' as const }
    const { isOpen } = openingOf(model, bubbles, nowNs, sharingConfig)
    const filledNs = isOpen ? model.budget * 14e6 : 0
    const endedIterationUs = base * (isOpen ? 1 + slowdown * model.budget : 1)
    model = guardFilling(model, { ...bubbles, endedIterationUs }, filledNs, nowNs, sharingConfig.fill)
    models.push(model)
  }
  return models
}

/** A training of one bubble an iteration, of 10 ms, and what is filled into it. */
class Iterations {
  #model = beginFilling(0, sharingConfig.fill)
  #nowNs = 0
  readonly #baseUs: number

  constructor(baseUs: number) {
    this.#baseUs = baseUs
  }

  get budget(): number {
    return this.#model.budget
  }

  get isOpen(): boolean {
    return openingOf(this.#model, { ...noBubbles, predictedUs: 10_000 }, this.#nowNs, sharingConfig).isOpen
  }

  /** Answers what it took. */
  next(factor: number, filledNs: number): number {
    const us = this.#baseUs * factor
    this.#nowNs += us * 1000
    this.#model = guardFilling(
      this.#model,
      { ...noBubbles, endedIterationUs: us },
      filledNs,
      this.#nowNs,
      sharingConfig.fill,
    )
    return us
  }

  /** Idle for so long, its device filled. */
  pause(ms: number): void {
    const idleSinceNs = this.#nowNs
    this.#nowNs += ms * 1e6
    const idle = { ...noBubbles, evidence: 'host' as const, idleSinceNs }
    this.#model = guardFilling(this.#model, idle, 0.8 * ms * 1e6, this.#nowNs, sharingConfig.fill)
    this.next(ms / (this.#baseUs / 1000), 0)
  }
}

describe('filling', () => {
  test('the first iterations are solo, and one now and then later', () => {
    const models = fill(0.01, 200)
    expect(models.slice(0, 4).every((model) => model.soloLeft > 0)).toBe(true)
    expect(models[4]).toMatchObject({ soloLeft: 0, soloUs: 75_000 })
    const solo = models.slice(5).filter((model) => model.soloLeft > 0).length
    expect(solo).toBeGreaterThan(1)
    expect(solo).toBeLessThan(6)
  })

  test('the guard holds the loss at 3 %, by halves and tenths', () => {
    const harmless = fill(0.02, 400)
    expect(harmless.at(-1)!.budget).toBe(1)
    const harmful = fill(0.12, 1000)
    const first = harmful.find((model) => model.budget < 1)!
    expect(first.budget).toBe(0.5)
    expect(first.because).toMatch(/12.0 % over 75.0 ms without filling: budget halved to 50 %/)
    const settled = harmful.slice(200)
    const loss = settled.map((model) => 0.12 * model.budget)
    expect(loss.reduce((sum, each) => sum + each, 0) / loss.length).toBeLessThan(0.03)
    // It uses what it may: the guard does not give up filling.
    expect(Math.max(...settled.map((model) => model.budget))).toBeGreaterThan(0.2)
    expect(Math.min(...settled.map((model) => model.budget))).toBeGreaterThan(0.1)
  })

  test('a bubble is open for its budget and not for longer', () => {
    const model = { ...beginFilling(0, sharingConfig.fill), soloLeft: 0, budget: 0.5 }
    const bubbles = {
      ...noBubbles,
      state: 'OPEN' as const,
      evidence: 'host' as const,
      idleSinceNs: 1e9,
      predictedUs: 10_000,
    }
    expect(openingOf(model, bubbles, 1.002e9, sharingConfig)).toMatchObject({ isOpen: true, openUntilNs: 1.005e9 })
    // Before it begins its length is known, so that its first launches need no tick.
    const before = { ...noBubbles, predictedUs: 10_000 }
    expect(openingOf(model, before, 1e9, sharingConfig)).toMatchObject({ openUntilNs: 0, bubbleUs: 5000 })
    // Of unknown length: nothing, until it has lasted.
    expect(openingOf(model, noBubbles, 1e9, sharingConfig).bubbleUs).toBe(1)
    expect(openingOf(model, bubbles, 1.02e9, sharingConfig).openUntilNs).toBe(1.005e9)
    // A little longer than foreseen is no pause: a long unit of work begun now would meet the training's next launch.
    expect(openingOf({ ...model, budget: 1 }, bubbles, 1.011e9, sharingConfig).openUntilNs).toBe(1.01e9)
    // Twice as long is: what is begun may last half as long as it has lasted.
    expect(openingOf(model, bubbles, 1.024e9, sharingConfig)).toMatchObject({ openUntilNs: 1.036e9, bubbleUs: 0 })
  })

  test.each([
    [0.05, 0],
    [0.12, 0],
    [0.3, 0],
    [0.12, 0.8],
    [0.6, 0.8],
  ])(
    'filling that would cost %d, in units that need %d of a bubble, costs 3 %% at most from the first minute on',
    (slowdown, unit) => {
      const base = 50_000
      let took = 0
      let tries = 0
      const run = new Iterations(base)
      for (let iteration = 0; iteration < 1200; iteration++) {
        const { isOpen, budget } = run
        const fills = isOpen && budget >= unit
        if (fills) tries++
        took += run.next(fills ? 1 + slowdown * (unit > 0 ? 1 : budget) : 1, fills ? Math.max(unit, budget) * 40e6 : 0)
      }
      expect(took / (1200 * base) - 1).toBeLessThan(0.03)
      // It is not given up.
      expect(tries).toBeGreaterThan(10)
    },
  )

  test('a training that has become slower by itself, or has paused, is not taken for one that filling slows down', () => {
    const run = new Iterations(40_000)
    for (let iteration = 0; iteration < 50; iteration++) run.next(1, run.isOpen ? 8e6 : 0)
    for (let iteration = 0; iteration < 50; iteration++) run.next(1.25, run.isOpen ? 8e6 : 0)
    expect(run.budget).toBe(1)
    run.pause(400)
    for (let iteration = 0; iteration < 3; iteration++) run.next(1.25, run.isOpen ? 8e6 : 0)
    expect(run.budget).toBe(1)
  })

  test('a device that nobody uses is open, also while a training that has paused is still to be measured', () => {
    const model = beginFilling(1e9, sharingConfig.fill)
    const idle = { ...noBubbles, state: 'OPEN' as const, evidence: 'host' as const, idleSinceNs: 1e9, predictedUs: 50 }
    expect(openingOf(model, idle, 1.2e9, sharingConfig).isOpen).toBe(false)
    expect(openingOf(model, idle, 1.4e9, sharingConfig)).toMatchObject({ isOpen: true, openUntilNs: 1.6e9 })
  })

  test('a training without iterations is filled by the barrier alone, after a while', () => {
    const model = beginFilling(0, sharingConfig.fill)
    expect(openingOf(model, noBubbles, 29e9, sharingConfig).isOpen).toBe(false)
    expect(openingOf(model, noBubbles, 31e9, sharingConfig)).toMatchObject({ isOpen: true, openUntilNs: 0 })
  })

  test('another number of bubbles an iteration is another thing to measure', () => {
    const [settled] = fill(0.01, 50).slice(-1)
    const changed = guardFilling(settled!, { ...noBubbles, period: 2 }, 0, 9e9, sharingConfig.fill)
    expect(changed).toMatchObject({ soloLeft: 5, soloUs: null, period: 2 })
  })
})

describe('online requests in bubbles', () => {
  const primary = { iterationMs: 75, bubbleMs: 15, budget: 1 }
  test.each([
    [2, 0, 70, true, 62],
    [2, 0, 61, false, 62],
    [2, 28, 200, true, 150],
    [2, 29, 200, false, 211],
  ])('%d ms after %d ms, objective %d ms: %s', (serviceMs, queuedMs, sloMs, isAdmitted, finishMs) => {
    expect(admitOnline({ serviceMs, queuedMs, sloMs }, primary)).toMatchObject({ isAdmitted, finishMs })
  })

  test('without bubbles nothing is admitted', () => {
    const refused = admitOnline({ serviceMs: 1, queuedMs: 0, sloMs: 1e9 }, { ...primary, budget: 0 })
    expect(refused).toMatchObject({ isAdmitted: false, finishMs: Infinity })
  })
})
