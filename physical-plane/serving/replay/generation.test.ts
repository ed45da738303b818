import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import type { Action, Autoscaler, LatencyModel } from '../scaling/autoscaler.ts'
import { poissonArrivals } from './arrivals.ts'
import type { ReplayedFunction } from './function-state.ts'
import { replay } from './replay.ts'

const gpu = { model: 'h100', count: 4, memoryBytes: 80e9, usdPerHour: 3.6 }
const still: Autoscaler = { name: 'still', initial: null, decide: () => ({ actions: [], memory: null }) }
const mean: LatencyModel = (_, batch) => 100 * batch

/** A millisecond for each token of prompts, ten for each step of a token, whoever is in it; in proportion with less time. */
function aModel(
  asked: readonly (readonly [atMs: number, prompt: number, output: number])[],
  over: Partial<ReplayedFunction> = {},
): ReplayedFunction {
  return {
    name: 'chat',
    arrivalsMs: Float64Array.from(asked, ([atMs]) => atMs),
    truth: mean,
    known: mean,
    slo: { latencyMs: 1_000, percentile: 99 },
    instancesMin: 1,
    instancesMax: 4,
    batchMax: 2,
    shape: { smMilli: 0, requestMilli: 1_000, limitMilli: 1_000 },
    memoryBytes: 40e9,
    coldStartMs: 1_000,
    timeoutMs: 0,
    queueMax: 0,
    generation: {
      promptTokens: Int32Array.from(asked, ([, prompt]) => prompt),
      outputTokens: Int32Array.from(asked, ([, , output]) => output),
      objectivesMs: Float64Array.from(asked, ([, , output]) => 50 * output),
      prefillMs: (_, tokens, quotaMilli) => (tokens * 1_000) / quotaMilli,
      decodeMs: (_, __, quotaMilli) => (10 * 1_000) / quotaMilli,
    },
    ...over,
  }
}

const run = (spec: ReplayedFunction, autoscaler = still, lengthMs = 20_000) =>
  replay({ functions: [spec], gpus: [gpu], autoscaler, lengthMs }).functions[0]!

describe('answers token by token', () => {
  test('a prompt is read, then each token takes its step', () => {
    expect([...run(aModel([[0, 30, 10]])).latenciesMs]).toEqual([130])
    const half = { smMilli: 0, requestMilli: 500, limitMilli: 500 }
    expect([...run(aModel([[0, 30, 10]], { shape: half })).latenciesMs]).toEqual([260])
  })

  test('who comes joins at the next step, and stops the others while its prompt is read', () => {
    // Four tokens until 70; at 70 the second one's prompt until 90, then both go on; the second one's two tokens end at 110.
    const [first, second] = run(
      aModel([
        [0, 30, 10],
        [50, 20, 2],
      ]),
    ).latenciesMs
    expect(second).toBe(60)
    expect(first).toBe(30 + 40 + 20 + 20 + 40)
  })

  test('no more at once than fit; the next one takes the place of the first that ends', () => {
    const [a, b, c] = run(
      aModel([
        [0, 10, 4],
        [0, 10, 8],
        [0, 10, 4],
      ]),
    ).latenciesMs
    // The first one begins alone at 0 and ends at 50, when the second is in its place beside the third.
    expect(a).toBe(50)
    expect(c).toBe(50 + 20 + 40)
    expect(b).toBe(50 + 20 + 80)
  })

  test('long answers may take longer, and policies see all of them by the objective that they know', () => {
    const seen: number[] = []
    const spy: Autoscaler = {
      ...still,
      decide: ({ history }) => {
        seen.push(history.at(-1)!.latencyMs)
        return { actions: [], memory: null }
      },
    }
    const told = run(
      aModel([
        [0, 400, 10],
        [2_000, 400, 100],
      ]),
      spy,
    )
    // 500 ms of 500, and 1,400 of 5,000.
    expect(told).toMatchObject({ answered: 2, overSlo: 0 })
    expect(seen[0]).toBeCloseTo(1_000, 6)
    expect(seen[3]).toBeCloseTo(280, 6)
    expect(run(aModel([[0, 401, 10]])).overSlo).toBe(1)
  })

  test('an instance that goes finishes what it holds and takes nobody more', () => {
    const remove: Autoscaler = {
      name: 'remove',
      initial: 0,
      decide: ({ instances }, second) => {
        const actions: readonly Action[] =
          second === 0 ? [{ kind: 'remove', instanceId: instances[0]!.id, because: 'test' }] : []
        return { actions, memory: (second as number) + 1 }
      },
    }
    const two = aModel(
      [
        [900, 10, 50],
        [905, 10, 50],
        [1_050, 10, 4],
      ],
      { instancesMin: 2, batchMax: 1 },
    )
    const kept = run({ ...two, instancesMin: 2 }, remove)
    expect(kept.answered).toBe(3)
    const fewer = run({ ...two, instancesMin: 1 }, remove)
    expect(fewer.answered).toBe(3)
  })

  test('whatever is asked, each is answered once, in no less time than it takes alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 8 }), (seed, batchMax) => {
        const random = seededRandom(seed)
        const asked = [...poissonArrivals(4, 10_000, random)].map(
          (atMs) => [atMs, 1 + random.integer(100), random.integer(40)] as const,
        )
        const told = run(aModel(asked, { batchMax, queueMax: 1_000, timeoutMs: 1e6 }))
        expect(told.answered).toBe(asked.length)
        for (const [i, [, prompt, output]] of asked.entries())
          expect(told.latenciesMs[i]).toBeGreaterThanOrEqual(prompt + 10 * Math.max(1, output) - 1e-6)
        // An instance that works all of the time can not be billed for more than there is.
        expect(told.gpuSeconds).toBeLessThanOrEqual(20 + 1e-9)
      }),
      { numRuns: 40 },
    )
  })
})
