import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { measureInTime } from './measure-in-time.ts'
import type { Measure, Measurement } from './measure.ts'
import { Probes } from './probes.ts'

const configuration = { smMilli: 250, quotaMilli: 500, batch: 4, processes: 1 }
const good: Measurement = { latencyMs: 5, throughputPerSecond: 800 }

const hostile: readonly (readonly [string, unknown])[] = [
  ['NaN', { latencyMs: Number.NaN, throughputPerSecond: 1 }],
  ['a negative latency', { latencyMs: -1, throughputPerSecond: 1 }],
  ['no throughput', { latencyMs: 1, throughputPerSecond: 0 }],
  ['infinity', { latencyMs: 1, throughputPerSecond: Number.POSITIVE_INFINITY }],
  ['words', { latencyMs: 'fast', throughputPerSecond: 1 }],
  ['nothing', undefined],
  ['a number', 5],
]

describe('probes', () => {
  test.each(hostile)('%s for an answer is an error that names the probe', async (_, answer) => {
    const measure = (async () => await Promise.resolve(answer)) as Measure
    const probes = new Probes({ measure })
    await expect(probes.at(configuration)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'PROBE_FAILED',
      message: expect.stringContaining('SM 25 %, quota 50 %, batch 4') as unknown,
    })
    expect(probes.known).toEqual([])
  })

  test('a measure that throws, at once or later, is an error that names the probe and the cause', async () => {
    const measures: readonly Measure[] = [
      () => {
        throw new Error('device lost')
      },
      async () => await Promise.reject(new Error('device lost')),
      async () => await Promise.reject(new CloudlessError('unavailable', 'GONE', 'device lost')),
    ]
    for (const measure of measures) {
      await expect(new Probes({ measure }).at(configuration)).rejects.toMatchObject({
        kind: 'internal',
        reason: 'PROBE_FAILED',
        message: expect.stringMatching(/batch 4 failed: device lost/) as unknown,
      })
    }
  })

  test('what is known is not measured again; of several samples the middle one counts', async () => {
    const speeds = [700, 900, 800]
    const told: number[] = []
    const measure: Measure = async () => await Promise.resolve({ ...good, throughputPerSecond: speeds.shift()! })
    const probes = new Probes({ measure, onProbe: (_, made) => told.push(made) })
    expect((await probes.at(configuration))?.throughputPerSecond).toBe(700)
    expect((await probes.at(configuration))?.throughputPerSecond).toBe(700)
    expect((await probes.at(configuration, 3))?.throughputPerSecond).toBe(800)
    expect(told).toEqual([1, 2, 3])
    expect(probes.known).toHaveLength(1)
  })
})

describe('a measure in time', () => {
  test('one that never ends is given up in time, and told so', async () => {
    const clock = new VirtualClock()
    let isTold = false
    const never: Measure = async (_, signal) => {
      signal.addEventListener('abort', () => (isTold = true))
      return await new Promise(() => {})
    }
    const probes = new Probes({ measure: measureInTime(never, clock, 3000) })
    const failure = probes.at(configuration).catch((error: unknown) => error)
    await clock.advance(3000)
    expect(await failure).toMatchObject({
      kind: 'deadline',
      message: expect.stringContaining('gave no answer in 3000 ms') as unknown,
    })
    expect(isTold).toBe(true)
  })

  test('a cancelled one ends at once, and none is begun after', async () => {
    const stop = new AbortController()
    let asked = 0
    const never: Measure = async () => {
      asked += 1
      return await new Promise(() => {})
    }
    const probes = new Probes({ measure: measureInTime(never, new VirtualClock()), signal: stop.signal })
    const failure = probes.at(configuration).catch((error: unknown) => error)
    stop.abort()
    expect(await failure).toMatchObject({ kind: 'cancelled' })
    await expect(probes.at(configuration)).rejects.toMatchObject({ kind: 'cancelled' })
    expect(asked).toBe(1)
  })

  test('one that is in time answers, and leaves no timer that strikes later', async () => {
    const clock = new VirtualClock()
    const measure = measureInTime(async () => await Promise.resolve(good), clock, 3000)
    expect(await measure(configuration, new AbortController().signal)).toEqual(good)
    await clock.advance(10_000)
  })
})
