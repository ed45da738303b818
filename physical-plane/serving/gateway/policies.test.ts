// The pure parts: what is taken, who is next, how much may be in flight, and what is counted.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admit, expectedAnswerMs, type Load } from './admission.ts'
import { gatewayConfig } from './config.ts'
import { HeldBytes } from './held-bytes.ts'
import { adjustLimit, begunLimit, inFlightBounds } from './in-flight-limit.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { Measured } from './measured.ts'
import { nameOf } from './message-name.ts'
import { parseRoutes } from './routes.ts'
import { ServiceRate } from './service-rate.ts'
import { WaitLine } from './wait-line.ts'

/** The numbers below are worked out with these. */
const config = { ...gatewayConfig, sloPartAnswered: 0.9, sloPartInFlight: 0.7 }

const load = (fields: Partial<Load> = {}): Load => {
  return { queued: 0, inFlight: 16, inFlightMax: 16, ratePerSecond: 100, servedMs: 50, ...fields }
}

describe('a request is taken', () => {
  test('while it finds room at an instance, however slow that is', () => {
    expect(admit(load({ inFlight: 15, servedMs: 9_000 }), { sloMs: 100, queueMax: 0 }, 1_000, config).kind).toBe(
      'taken',
    )
  })

  test('while the line lets it be answered in time, and refused with when to come again otherwise', () => {
    // 100 a second: the tenth of the line is answered after 100 ms and 50 more at the instance.
    expect(expectedAnswerMs(load({ queued: 9 }))).toBeCloseTo(150)
    const bounds = { sloMs: 200, queueMax: 0 }
    expect(admit(load({ queued: 12 }), bounds, 30_000, config).kind).toBe('taken')
    const refused = admit(load({ queued: 13 }), bounds, 30_000, config)
    expect(refused).toMatchObject({ kind: 'refused', retryAfterMs: 100 })
    expect(refused).toHaveProperty(
      'because',
      '13 requests wait and an answer would take 190 ms, but its objective is 200 ms',
    )
    const late = admit(load({ queued: 100 }), bounds, 30_000, config)
    expect(late).toMatchObject({ kind: 'refused', retryAfterMs: 880 })
    // Its own deadline counts where that is sooner.
    expect(admit(load({ queued: 5 }), bounds, 60, config).kind).toBe('refused')
  })

  test('where nobody answers yet, up to a number', () => {
    const cold = (queued: number) =>
      admit(load({ queued, inFlight: 0, inFlightMax: 0 }), { sloMs: 1, queueMax: 0 }, 9, config)
    expect(cold(999).kind).toBe('taken')
    expect(cold(1_000)).toMatchObject({ kind: 'refused', isCold: true })
  })

  test('never when its file says that so many wait already', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 1, max: 50 }), fc.boolean(), (queued, queueMax, isCold) => {
        const now = load({
          queued,
          ratePerSecond: null,
          servedMs: null,
          ...(isCold ? { inFlight: 0, inFlightMax: 0 } : {}),
        })
        const { kind } = admit(now, { sloMs: null, queueMax }, 1_000, config)
        expect(kind).toBe(queued < queueMax ? 'taken' : 'refused')
      }),
    )
  })
})

type Item = { readonly id: number; readonly deadlineMs: number; readonly bytes: number }
type Step =
  | { readonly kind: 'push' | 'front'; readonly deadlineMs: number }
  | { readonly kind: 'next' }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'expire'; readonly nowMs: number }
type Played = { readonly model: readonly Item[]; readonly said: unknown; readonly meant: unknown }

/** What the line said, and what a plain list says that it should have. */
function play(line: WaitLine<Item>, model: readonly Item[], step: Step, id: number): Played {
  switch (step.kind) {
    case 'push':
    case 'front': {
      const item = { id, deadlineMs: step.deadlineMs, bytes: id }
      if (step.kind === 'push') line.push(item)
      else line.pushFront(item)
      return { model: step.kind === 'push' ? [...model, item] : [item, ...model], said: null, meant: null }
    }
    case 'next': {
      const first = line.first()
      const hasLeft = first !== null && line.leave(first)
      return { model: model.slice(1), said: [first, hasLeft], meant: [model[0] ?? null, model.length > 0] }
    }
    case 'leave': {
      const item = model[step.which % Math.max(1, model.length)] ?? { id, deadlineMs: 0, bytes: 0 }
      const rest = model.filter((other) => other !== item)
      return { model: rest, said: [line.leave(item), line.leave(item)], meant: [rest.length < model.length, false] }
    }
    case 'expire': {
      const late = model.filter(({ deadlineMs }) => deadlineMs <= step.nowMs)
      const ids = (items: readonly Item[]): readonly number[] => items.map((item) => item.id).sort((x, y) => x - y)
      const rest = model.filter(({ deadlineMs }) => deadlineMs > step.nowMs)
      return { model: rest, said: ids(line.expire(step.nowMs)), meant: ids(late) }
    }
  }
}

test('a line is first come, first served, among those who have not left and have time', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constantFrom('push' as const, 'push' as const, 'front' as const), deadlineMs: fc.nat(100) }),
    fc.record({ kind: fc.constant('next' as const) }),
    fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('expire' as const), nowMs: fc.nat(30) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const line = new WaitLine<Item>()
      let model: readonly Item[] = []
      for (const [id, each] of steps.entries()) {
        const played = play(line, model, each, id)
        expect(played.said).toEqual(played.meant)
        model = played.model
        expect(line.length).toBe(model.length)
        expect(line.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0))
      }
      expect(line.takeAll()).toEqual(model)
      expect(line.length).toBe(0)
    }),
  )
})

test('the rate is of time in which somebody waited, and follows what changes', () => {
  const rate = new ServiceRate(2_000)
  rate.note(0, 0, true)
  // Batches of ten, every 100 ms.
  for (let ms = 100; ms <= 5_000; ms += 100) for (let one = 0; one < 10; one += 1) rate.note(ms, 1, true)
  expect(rate.perSecond()).toBeGreaterThan(95)
  expect(rate.perSecond()).toBeLessThan(105)
  // An hour in which nobody waits says nothing.
  rate.note(5_000, 0, false)
  rate.note(3_605_000, 0, true)
  expect(rate.perSecond()).toBeGreaterThan(95)
  for (let ms = 3_605_100; ms <= 3_615_000; ms += 100) rate.note(ms, 1, true)
  expect(rate.perSecond()).toBeLessThan(11)
})

test('what is in flight grows while answers are in time, is cut once a round when they are not, and stays in its bounds', () => {
  const bounds = inFlightBounds(8, config)
  expect(bounds).toEqual({ min: 2, max: 16 })
  let limit = begunLimit(bounds)
  const answer = (nowMs: number, tookMs: number, inFlight: number) => {
    limit = adjustLimit(limit, { nowMs, tookMs, inFlight }, 100, bounds, config)
  }
  answer(0, 90, 16)
  answer(1, 90, 16)
  expect(limit.limit).toBeCloseTo(12.8)
  for (let round = 1; round < 40; round += 1) answer(round * 100, 90, 16)
  expect(limit.limit).toBe(2)
  answer(5_000, 10, 1)
  expect(limit.limit).toBe(2)
  for (let time = 0; time < 300; time += 1) answer(6_000 + time, 10, 16)
  expect(limit.limit).toBe(16)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(32))), (answers) => {
      let now = begunLimit(bounds)
      for (const [at, [tookMs, inFlight]] of answers.entries()) {
        now = adjustLimit(now, { nowMs: at * 10, tookMs, inFlight }, 100, bounds, config)
        expect(now.limit).toBeGreaterThanOrEqual(bounds.min)
        expect(now.limit).toBeLessThanOrEqual(bounds.max)
      }
    }),
  )
})

test('a percentile is right within 2.3 %', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.06, max: 100_000, noNaN: true }), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percentile) => {
        const histogram = new LatencyHistogram()
        for (const value of values) histogram.add(value)
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(1, Math.ceil((values.length * percentile) / 100)) - 1]!
        expect(Math.abs(histogram.percentileMs(percentile) / exact - 1)).toBeLessThan(0.023)
      },
    ),
  )
})

test('memory is shared so that nobody has it all', () => {
  const held = new HeldBytes(1_000)
  let taken = 0
  while (held.take('a', 10)) taken += 10
  expect(taken).toBe(500)
  expect(held.take('b', 100)).toBe(true)
  held.give('a', 500)
  held.give('b', 100)
  expect(held.total).toBe(0)
})

test('seconds, totals and burn are what happened', () => {
  const measured = new Measured({ latencyMs: 100, percentile: 99 }, config)
  for (let request = 0; request < 99; request += 1) {
    measured.arrived()
    measured.answered(20, false)
  }
  measured.arrived()
  measured.answered(300, false)
  measured.arrived()
  measured.refused()
  measured.tick(1_000, 3, 4)
  const [second] = measured.seconds
  expect(second).toMatchObject({
    atMs: 1_000,
    arrived: 101,
    answered: 100,
    refused: 1,
    overSlo: 1,
    queued: 3,
    inFlight: 4,
  })
  expect(second!.latencyMs).toBeGreaterThan(19)
  expect(second!.latencyMs).toBeLessThan(21)
  // Two of 101 were bad where one of 100 may be.
  expect(measured.burn().short).toBeCloseTo(2 / 101 / 0.01)
  for (let at = 2; at <= 400; at += 1) measured.tick(at * 1_000, 0, 0)
  expect(measured.seconds).toHaveLength(60)
  expect(measured.burn().short).toBe(0)
  expect(measured.burn().long).toBeCloseTo(2 / 101 / 0.01)
})

test('an objective of tokens is held against each of them, where its instance counts them', () => {
  const measured = new Measured({ latencyMs: 20, percentile: 90, per: 'token' }, config)
  measured.answered(900, false, 50)
  measured.answered(900, false, 30)
  // Nobody says how many it had.
  measured.answered(900, false)
  measured.answered(5, true, 1)
  measured.tick(1_000, 0, 0)
  expect(measured.totals).toMatchObject({ answered: 4, failed: 1, overSlo: 2 })
  expect(measured.recent().total).toBe(2)
  expect(measured.recent().maxMs).toBe(30)
  expect(measured.seconds[0]!.overSlo).toBe(2)
})

test('a name is read from any message that begins as one, and nothing else is', () => {
  const field = (tag: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([tag, bytes.length]), bytes])
  fc.assert(
    fc.property(
      fc.string({ maxLength: 30 }),
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 }),
      (name, others) => {
        const before = others.map((bytes) => field((9 << 3) | 2, bytes))
        const bytes = Buffer.from(name)
        const whole = Buffer.concat([...before, Buffer.from([0x18, 0x05, 0x25, 1, 2, 3, 4]), field(0x0a, bytes)])
        expect(nameOf(whole, 64)).toBe(bytes.toString())
        expect(nameOf(whole, others.length)).toBe(null)
        for (let end = 0; end < whole.length; end += 1) expect(nameOf(whole.subarray(0, end), 64) ?? '').toBe('')
      },
    ),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => void nameOf(bytes, 64)))
})

test('a routes file says what is wrong with it', () => {
  const good = { revision: 1, functions: [], pipelines: [] }
  expect(parseRoutes(JSON.stringify(good))).toEqual({ routes: good })
  const one = {
    id: 'f',
    name: 'n',
    slo: null,
    timeoutMs: 1,
    queueMax: 0,
    atMostOnce: false,
    batchMax: 1,
    instances: [],
  }
  const wrong: readonly [unknown, string][] = [
    [null, 'the file'],
    [{ ...good, more: 1 }, 'more'],
    [{ ...good, revision: -1 }, 'revision'],
    [{ ...good, functions: [{ ...one, name: 'No Label' }] }, 'functions.0.name'],
    [{ ...good, functions: [{ ...one, timeoutMs: 0 }] }, 'functions.0.timeoutMs'],
    [{ ...good, functions: [one, one] }, 'n is there twice'],
    [
      { ...good, functions: [{ ...one, instances: [{ id: 'a', attempt: 1, http: 'nowhere', grpc: '' }] }] },
      'instances.0.http',
    ],
    [{ ...good, pipelines: [{ id: 'p', name: 'p', stages: [], slo: null, timeoutMs: 1 }] }, 'pipelines.0.stages'],
  ]
  for (const [content, text] of wrong) {
    const parsed = parseRoutes(JSON.stringify(content))
    expect('wrong' in parsed && parsed.wrong).toContain(text)
  }
  fc.assert(fc.property(fc.jsonValue(), (value) => void parseRoutes(JSON.stringify(value))))
})
