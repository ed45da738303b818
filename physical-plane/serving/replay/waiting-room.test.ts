import { describe, expect, test } from 'vitest'
import type { Autoscaler, LatencyModel } from '../scaling/autoscaler.ts'
import { autoscalerOf } from '../scaling/policies.ts'
import type { ReplayedFunction } from './function-state.ts'
import { replay } from './replay.ts'

const gpu = { model: 'v100', count: 1, memoryBytes: 16e9, usdPerHour: 3.6 }
const tenMs: LatencyModel = () => 10
const still: Autoscaler<null> = { name: 'still', initial: null, decide: () => ({ actions: [], memory: null }) }

const burst: ReplayedFunction = {
  name: 'net',
  arrivalsMs: Float64Array.from({ length: 100 }, () => 1),
  truth: tenMs,
  known: tenMs,
  slo: { latencyMs: 100, percentile: 99 },
  instancesMin: 1,
  instancesMax: 10,
  batchMax: 1,
  shape: { smMilli: 100, requestMilli: 100, limitMilli: 100 },
  memoryBytes: 1e9,
  coldStartMs: 5_000,
  timeoutMs: 0,
  queueMax: 0,
}

const run = (autoscaler: Autoscaler, over: Partial<ReplayedFunction> = {}) =>
  replay({ functions: [{ ...burst, ...over }], gpus: [gpu], autoscaler, lengthMs: 10_000 }).functions[0]!

describe('a policy that counts requests at once', () => {
  test('sees all of them, as they wait for it', () => {
    expect(run(still as Autoscaler)).toMatchObject({ answered: 11, refused: 89, overSlo: 1 })
    const queueing = { ...still, isQueueing: true } as Autoscaler
    expect(run(queueing)).toMatchObject({ answered: 100, refused: 0, overSlo: 90 })
    expect(run(queueing, { queueMax: 5 })).toMatchObject({ answered: 6, refused: 94 })
  })

  test.each(['knative', 'ray', 'hpa'])('%s is one, also with idle windows round it', (name) => {
    expect(autoscalerOf(name).isQueueing).toBe(true)
    expect(run(autoscalerOf(name)).refused).toBe(0)
  })

  test.each(['hybrid', 'dilu', 'has-gpu', 'fast-gshare', 'fixed'])('%s is none', (name) => {
    expect(autoscalerOf(name).isQueueing ?? false).toBe(false)
  })

  test('knative grows with what waits', () => {
    const arrivalsMs = Float64Array.from({ length: 3_000 }, (_, i) => i * 3)
    const slow = { arrivalsMs, batchMax: 4, slo: { latencyMs: 50, percentile: 99 }, truth: (() => 25) as LatencyModel }
    expect(run(autoscalerOf('knative'), slow).coldStarts).toBeGreaterThan(0)
    const refusing = { ...autoscalerOf('knative'), isQueueing: false }
    expect(run(refusing, slow).coldStarts).toBe(0)
  })
})
