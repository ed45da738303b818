import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert as check, double, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { openPool } from '../invoke/ask.ts'
import type { Target } from '../invoke/endpoint.ts'
import { arrivals } from './arrivals.ts'
import { httpSender } from './http-sender.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { durationMs, rateOf, readTrace } from './options.ts'
import { renderLoadPage } from './page.ts'
import { loadReport } from './report.ts'
import { runLoad, type LoadOptions, type LoadResult, type Outcome } from './run-load.ts'

const target: Target = {
  kind: 'function',
  name: 'scale',
  address: '127.0.0.1:1',
  region: 'a',
  sloMs: 100,
  percentile: 99,
  timeoutMs: 1000,
}

describe('when requests are due', () => {
  const evenly = (rates: readonly number[], forMs: number): number[] => [
    ...arrivals({ rates, isPoisson: false }, forMs, seededRandom(1)),
  ]

  test('evenly apart at a rate, also below one a second, and as a trace says', () => {
    expect(evenly([4], 1000)).toEqual([0, 250, 500, 750])
    expect(evenly([0.5], 6000)).toEqual([0, 2000, 4000])
    expect(evenly([1, 0, 2], 3000)).toEqual([0, 2000, 2500])
    expect(evenly([1, 0], 4000)).toEqual([0, 2000])
    expect(evenly([10], 250)).toEqual([0, 100, 200])
  })

  test('at random times the gaps are those of a Poisson process, and the same seed gives the same times', () => {
    const drawn = (seed: number): number[] => [
      ...arrivals({ rates: [200], isPoisson: true }, 100_000, seededRandom(seed)),
    ]
    const times = drawn(1)
    expect(drawn(1)).toEqual(times)
    expect(drawn(2)).not.toEqual(times)
    expect(times.length / 100).toBeGreaterThan(195)
    expect(times.length / 100).toBeLessThan(205)
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    expect(deviation / mean).toBeCloseTo(1, 1)
  })

  test('they ascend, and a trace’s seconds have as many as it says', () => {
    const rates = array(double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 20 })
    check(
      property(rates, (given) => {
        const times = evenly(given, given.length * 1000)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        expect(Math.abs(times.length - given.reduce((a, b) => a + b, 0))).toBeLessThanOrEqual(1)
      }),
    )
  })
})

test('percentiles are at most 1 % too high and never too low', () => {
  check(
    property(array(double({ min: 0.02, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }), (latencies) => {
      const histogram = new LatencyHistogram()
      for (const ms of latencies) histogram.add(ms)
      const sorted = latencies.toSorted((a, b) => a - b)
      for (const percent of [1, 50, 99, 100]) {
        const exact = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
        expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(exact * 0.999999)
        expect(histogram.percentile(percent)).toBeLessThanOrEqual(exact * 1.0101)
      }
      expect(histogram.buckets(10).reduce((sum, { count }) => sum + count, 0)).toBe(latencies.length)
    }),
  )
})

describe('sending', () => {
  async function onVirtualTime(clock: VirtualClock, given: Partial<LoadOptions>): Promise<LoadResult> {
    const running = runLoad({
      clock,
      arrivals: arrivals({ rates: [10], isPoisson: false }, 10_000, seededRandom(1)),
      send: () => Promise.resolve({ status: 200 }),
      inFlightMax: 1000,
      sloMs: 100,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      progressEveryMs: 1000,
      ...given,
    })
    await clock.advance(60_000)
    return running
  }

  const after = (clock: VirtualClock, ms: () => number, outcome: Outcome): (() => Promise<Outcome>) => {
    return async () => {
      await clock.sleep(ms())
      return outcome
    }
  }

  test('a server that stalls is asked no less, and its stall is in the latencies of all that were due meanwhile', async () => {
    const clock = new VirtualClock()
    // From second 2 to 4 nothing is answered; all that waits is answered then.
    const stall = (): number => Math.max(20, clock.monotonicMs() >= 2000 ? 4000 - clock.monotonicMs() : 0)
    const { due, answered, late, latencies, perSecond } = await onVirtualTime(clock, {
      send: after(clock, stall, { status: 200 }),
    })
    expect({ due, answered }).toEqual({ due: 100, answered: 100 })
    expect(late).toBe(19)
    expect(latencies.maxMs).toBe(2000)
    expect(perSecond[2]).toMatchObject({ due: 10, answered: 10, late: 10 })
  })

  test('what is due while too many are under way is never sent, and counts as missed', async () => {
    const clock = new VirtualClock()
    const result = await onVirtualTime(clock, { send: after(clock, () => 1000, { status: 200 }), inFlightMax: 4 })
    expect(result.due).toBe(100)
    expect(result.answered + result.unsent).toBe(100)
    expect(result.unsent).toBe(60)
    expect(result.missedShare).toBe(1)
    expect(loadReport(target, result)).toMatchObject({ unsent: 60, slo: { isMet: false, late: 40, missedShare: 1 } })
  })

  test('a latency begins when its request was due, though it was sent late', async () => {
    const clock = new VirtualClock()
    const lateClock = {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after: clock.after.bind(clock),
      sleep: (ms: number) => clock.sleep(ms + 300),
    }
    const send = after(clock, () => 50, { status: 200 })
    const result = await onVirtualTime(clock, { clock: lateClock, arrivals: [100, 100, 100], send })
    expect(result.latencies.maxMs).toBe(350)
    expect(result.sendDelays.maxMs).toBe(300)
    expect(result.late).toBe(3)
  })

  test('refusals, other statuses and faults are told apart', async () => {
    const clock = new VirtualClock()
    const outcomes: readonly Outcome[] = [{ status: 200 }, { status: 429 }, { status: 503 }, { fault: 'ECONNRESET' }]
    let sent = 0
    const result = await onVirtualTime(clock, { send: () => Promise.resolve(outcomes[sent++ % 4]!) })
    expect(result).toMatchObject({ answered: 25, refused: 25, failed: 50, late: 0 })
    const { outcomes: told, slo } = loadReport(target, result)
    expect(told.map(({ outcome }) => outcome).toSorted()).toEqual(['200', '429', '503', 'ECONNRESET'])
    expect(slo?.missedShare).toBe(0.75)
  })

  test('stopped, it sends no more and waits for what is under way', async () => {
    const clock = new VirtualClock()
    const stop = new AbortController()
    clock.after(2050, () => stop.abort())
    const result = await onVirtualTime(clock, {
      send: after(clock, () => 500, { status: 200 }),
      signal: stop.signal,
    })
    expect(result).toMatchObject({ due: 21, answered: 21, inFlight: 0 })
  })
})

test('over real connections: what a server answers, and that it is gone', async () => {
  let asked = 0
  const bodies: string[] = []
  const server = createServer((request, response) => {
    asked += 1
    request.on('data', (part: Buffer) => bodies.push(part.toString()))
    request.on('end', () => {
      response.statusCode = asked % 5 === 0 ? 429 : 200
      response.end(`{"outputs": [], "path": "${request.url}"}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const pool = openPool(address, 8)
  const load = (): Promise<LoadResult> =>
    runLoad({
      clock: systemClock(),
      arrivals: arrivals({ rates: [500], isPoisson: true }, 200, seededRandom(1)),
      send: httpSender(pool, { name: 'scale', body: '{"inputs":[]}', timeoutMs: 1000 }),
      inFlightMax: 64,
      sloMs: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      progressEveryMs: 1000,
    })
  const there = await load()
  expect(there.due).toBeGreaterThan(60)
  expect(there.answered + there.refused).toBe(there.due)
  expect(there.refused).toBe(Math.floor(there.due / 5))
  expect(new Set(bodies)).toEqual(new Set(['{"inputs":[]}']))
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const gone = await load()
  expect(gone).toMatchObject({ answered: 0, failed: gone.due })
  await pool.destroy()
})

describe('what is asked for', () => {
  test('times and rates', () => {
    expect(['500ms', '90', '90s', '5m', '1h'].map((text) => durationMs('--for', text))).toEqual([
      500, 90_000, 90_000, 300_000, 3_600_000,
    ])
    for (const text of ['', '0s', '5 m', '25h', '-1s', '1d']) expect(() => durationMs('--for', text)).toThrow('--for')
    expect(rateOf('--rate', '0.5')).toBe(0.5)
    for (const text of ['', '0', '-1', 'NaN', 'many', '1e9']) expect(() => rateOf('--rate', text)).toThrow('--rate')
  })

  test('traces are lines or a list; what is none is refused with the value', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cloudless-trace-'))
    const path = join(folder, 'trace')
    const read = (text: string): readonly number[] => {
      writeFileSync(path, text)
      return readTrace(path, 2)
    }
    try {
      expect(read('1\n2.5\n0\n')).toEqual([2, 5, 0])
      expect(read('[3, 4]')).toEqual([6, 8])
      expect(() => read('1\nx\n')).toThrow('value 2 is "x"')
      expect(() => read('1\n-1\n')).toThrow('value 2')
      expect(() => read('[1, null]')).toThrow('value 2')
      expect(() => read('[1,')).toThrow('no JSON list')
      expect(() => read('0\n0\n')).toThrow('asks for nothing')
      expect(() => readTrace(join(folder, 'none'), 1)).toThrow('cannot read')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test('the page tells of what came, and runs no script', async () => {
  const clock = new VirtualClock()
  const running = runLoad({
    clock,
    arrivals: [0, 1000, 2000],
    send: () => Promise.resolve({ status: 200 }),
    inFlightMax: 1,
    sloMs: 100,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    progressEveryMs: 1000,
  })
  await clock.advance(5000)
  const page = renderLoadPage(loadReport({ ...target, name: '<b>' }, await running), '')
  expect(page).toContain('slo p99 100 ms met')
  expect(page).toContain('3 requests due')
  expect(page).toContain('&lt;b&gt;')
  expect(page).not.toContain('<script')
})
