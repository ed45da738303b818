import { assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aShard, aSpec, aSync } from '#control-plane/model/builders.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { plainClass } from '#control-plane/model/device-class.ts'
import { seededRandom } from '#runtime/random.ts'
import { arrivalsOf } from './arrivals.ts'
import { changesOf, parseTrace } from './availability.ts'
import { capacityOf } from './capacity.ts'
import { courseOf } from './course.ts'
import { exponential, logNormal, logUniform, several, streamOf, wholeIn } from './draw.ts'
import { Meter } from './meter.ts'
import { PoolState } from './pool-state.ts'
import { parseScenario } from './read-scenario.ts'
import { spreadOf } from './run-report.ts'
import type { Scenario } from './scenario-schema.ts'

const catalogue = aCatalogue({ 'onprem/a': { cpu: 1 }, 'onprem/b': { cpu: 2 }, 'onprem/c': { cpu: 3, t4: 4 } })
const unread = (): string => {
  throw new Error('nothing is to be read')
}

function aScenario(rows: string): Scenario {
  const jobs = 'jobs: [{ name: digits, samples_per_second: { cpu: 1 } }]'
  return parseScenario(`name: test\n${rows}\n${jobs}\n`, 'test.yaml')
}

const capacityRow = 'capacity: [{ regions: ["*"], device: cpu, units: 1 }]'
const arrivalRow = 'arrivals: { kind: at-once, jobs: 1 }'

describe('capacity', () => {
  test('that is shared out comes to its total, only where the device is sold', () => {
    const rows =
      'capacity: [{ regions: ["*"], device: cpu, total_units: 1001 }, { regions: ["*"], device: t4, units: [2, 5] }]'
    const pools = capacityOf(aScenario(`${rows}\n${arrivalRow}`), catalogue, 7, unread)
    const cpus = pools.filter(({ key }) => key === 'cpu')
    expect(cpus.map(({ region }) => region)).toEqual(['onprem/a', 'onprem/b', 'onprem/c'])
    expect(cpus.reduce((sum, { units }) => sum + units, 0)).toBe(1001)
    expect(pools.filter(({ key }) => key === 't4').map(({ region }) => region)).toEqual(['onprem/c'])
  })

  test('that nobody sells, or that is named twice, is refused', () => {
    const nowhere = 'capacity: [{ regions: [onprem/a], device: t4, units: 2 }]'
    expect(() => capacityOf(aScenario(`${nowhere}\n${arrivalRow}`), catalogue, 7, unread)).toThrow(
      /t4 has no price in onprem\/a/,
    )
    const twice =
      'capacity: [{ regions: ["*"], device: cpu, units: 2 }, { regions: [onprem/a], device: cpu, units: 2 }]'
    expect(() => capacityOf(aScenario(`${twice}\n${arrivalRow}`), catalogue, 7, unread)).toThrow(
      /cpu in onprem\/a is in two rows/,
    )
  })

  test('is never used twice, nor lost while it is in use', () => {
    const pool = {
      region: 'onprem/a',
      device: plainClass('cpu'),
      key: 'cpu',
      units: 4,
      availability: { kind: 'steady' },
    } as const
    const state = new PoolState(pool, 0)
    expect(state.place(1_000, { units: 3 })).toBe('')
    expect(new PoolState(pool, 0).place(0, { units: 5 })).toBeNull()
    expect(() => new PoolState(pool, 0).remove(0, { units: 1 }, '')).toThrow(/-1 of 4 units/)
    expect(() => state.lose(2_000, 2)).toThrow(/lost while they are in use/)
    state.remove(3_000, { units: 3 }, '')
    expect(state.totals(4_000)).toEqual({ busySeconds: 6, availableSeconds: 16 })
  })

  test('that is about to leave is told apart from what stays', () => {
    const pool = {
      region: 'onprem/a',
      device: plainClass('cpu'),
      key: 'cpu',
      units: 4,
      availability: { kind: 'steady' },
    } as const
    const state = new PoolState(pool, 0)
    state.announce(1, 9_000)
    expect(state.devices().map(({ units, endsAtMs }) => [units, endsAtMs])).toEqual([
      [3, null],
      [1, 9_000],
    ])
    state.lose(9_000, 1)
    expect(state.devices().map(({ units, endsAtMs }) => [units, endsAtMs])).toEqual([[3, null]])
  })
})

describe('a trace', () => {
  test('of availability says when it changes, and begins again at its end', () => {
    const trace = parseTrace('{"gap_seconds": 10, "n": 6, "rle": [[1, 2], [1, 1], [0, 3]]}', 'a.json', 'trace')
    expect(changesOf(trace).take(4).toArray()).toEqual([
      { at: 0, isThere: true },
      { at: 30, isThere: false },
      { at: 60, isThere: true },
      { at: 90, isThere: false },
    ])
    const steady = parseTrace('{"gap_seconds": 10, "rle": [[1, 2]]}', 'a.json', 'trace')
    expect(changesOf(steady).toArray()).toEqual([{ at: 0, isThere: true }])
  })

  test('of arrivals is read by its columns; rows without GPUs are not ours', () => {
    const text = 'name,num_gpu,creation_time,deletion_time\na,2,100,160\nb,0,100,900\nc,1,90,100\n'
    const columns = 'columns: { time: creation_time, gpus: num_gpu, end: deletion_time }'
    const scenario = aScenario(`${capacityRow}\narrivals: { kind: trace, file: pods.csv, ${columns}, stretch: 2 }`)
    expect(arrivalsOf(scenario, 1, () => text)).toEqual([
      { atSeconds: 0, size: { gpus: 1, seconds: 10 }, file: null },
      { atSeconds: 20, size: { gpus: 2, seconds: 60 }, file: null },
    ])
    expect(() => arrivalsOf(scenario, 1, () => text.replace('160', 'soon'))).toThrow(/line 2: deletion_time is "soon"/)
    expect(() => arrivalsOf(scenario, 1, () => 'a,b\n1,2\n')).toThrow(/has no column "num_gpu"/)
  })
})

describe('draws', () => {
  test('stay within their bounds and are the same for the same stream', () => {
    assert(
      property(integer({ min: 0, max: 1e9 }), (seed) => {
        const draw = (): readonly number[] => {
          const random = streamOf(seed, 'a', 'b')
          return [logUniform(random, [2, 8]), wholeIn(random, [3, 5]), exponential(random, 2), logNormal(random, 1.5)]
        }
        const [uniform, whole, time, factor] = draw() as [number, number, number, number]
        expect(draw()).toEqual([uniform, whole, time, factor])
        expect(uniform >= 2 && uniform <= 8 && whole >= 3 && whole <= 5 && time >= 0 && factor > 0).toBe(true)
      }),
    )
    expect(exponential(seededRandom(1), 0)).toBe(Number.POSITIVE_INFINITY)
    expect(streamOf(1, 'a').next()).not.toBe(streamOf(1, 'b').next())
    expect(several(seededRandom(1), ['a', 'b', 'c'], 9)).toEqual(['a', 'b', 'c'])
  })

  test('spread', () => {
    expect(spreadOf([])).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, max: 0 })
    expect(spreadOf([3, 1, 2])).toEqual({ count: 3, mean: 2, p50: 2, p95: 3, max: 3 })
  })
})

describe('a meter', () => {
  test('has every unit second in one window and under one purpose', () => {
    const meter = new Meter({ jobId: 'j-1', region: 'a', partition: 'a', key: 'cpu' }, 0)
    meter.change(0, 2, 0)
    meter.change(1_000, -2, 2)
    meter.setIdle(3_000, false)
    const [start, idle, ...others] = meter.take(3_000)
    expect(others).toEqual([])
    expect([start!.purpose, start!.quantity, idle!.purpose, idle!.quantity]).toEqual(['start', 2, 'idle', 4])
    const [train] = meter.take(4_000)
    expect([train!.purpose, train!.quantity, train!.fromMs, train!.toMs]).toEqual(['train', 2, 3_000, 4_000])
    expect(new Set([start, idle, train].map((usage) => usage!.id)).size).toBe(3)
  })
})

describe('a course', () => {
  const index = indexCatalogue(catalogue)
  const working = [
    { name: 'onprem/a', place: 'onprem/a', samplesLeft: 1_000, samplesPerSecond: 10 },
    { name: 'onprem/b', place: 'onprem/b', samplesLeft: 3_000, samplesPerSecond: 20 },
  ]
  const course = (strategy: string, updateBytes: number) =>
    courseOf({
      spec: aSpec({ shards: [aShard('onprem/a', 1_000), aShard('onprem/b', 3_000)], sync: aSync({ strategy }) }),
      exchange: null,
      links: index.link,
      modelSize: { updateBytes, samplesPerStep: 10 },
      working,
    })

  test('is slowed down by a wire that nobody computes through, and sends what the forecast says', () => {
    const small = course('diloco', 4e3)
    const large = course('diloco', 4e8)
    expect(small.pace).toBeGreaterThan(0.9)
    expect(large.pace).toBeLessThan(small.pace)
    expect(large.flows.map(({ from, to }) => `${from} ${to}`)).toEqual(['onprem/a onprem/b', 'onprem/b onprem/a'])
    expect(large.last.seconds).toBeGreaterThan(0)
  })

  test('of one partition alone has no wire', () => {
    expect(courseOf({ spec: aSpec(), exchange: null, links: index.link, modelSize: null, working })).toMatchObject({
      pace: 1,
      flows: [],
    })
  })
})
