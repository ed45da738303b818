import { describe, expect, test } from 'vitest'
import type { NodePolicy } from './node-policy.ts'
import type { NodeState, Pod } from './node-state.ts'
import { bestFit, dotProduct, fragmentationGradient, gpuClustering, gpuPacking } from './published.ts'

const state: NodeState = {
  model: 'T4',
  cpuMilli: 64_000,
  memoryMib: 64,
  gpuMilli: [1_000, 400, 700, 0],
  classes: 1,
}
const share: Pod = { cpuMilli: 8_000, memoryMib: 1, gpus: 1, gpuMilli: 300, models: [] }
const pair: Pod = { ...share, gpus: 2, gpuMilli: 1_000 }
const empty: NodeState = { ...state, gpuMilli: [1_000, 1_000], classes: 0 }

describe('the published scores, by hand', () => {
  test.each<[NodePolicy, NodeState, Pod, number]>([
    // 1 - 0.5 * 56/128 - 0.5 * 1800/8000
    [bestFit, state, share, 66],
    // 1 - (64/128 * 8/128 + 2100/8000 * 300/8000) / 2
    [dotProduct, state, share, 97],
    [gpuPacking, empty, share, 31],
    [gpuPacking, state, share, 96],
    [gpuPacking, { ...state, gpuMilli: [1_000, 1_000, 0, 0] }, pair, 48],
    // int(25 * 5900/8000) = 18
    [gpuClustering, state, share, 93],
    [gpuClustering, { ...state, classes: 3 }, share, 68],
    [gpuClustering, { ...state, classes: 2 }, share, 18],
    [gpuClustering, empty, share, 43],
  ])('$name', (policy, of, pod, score) => {
    expect(policy.choose(of, pod).score).toBe(score)
  })

  test('a share takes the tightest GPU, and what needs none takes none', () => {
    for (const policy of [bestFit, dotProduct, gpuPacking, gpuClustering]) {
      expect(policy.choose(state, share).device).toBe(1)
      expect(policy.choose(state, { ...share, gpus: 0, gpuMilli: 0 }).device).toBe(-1)
    }
  })

  test('the fragmentation gradient takes the GPU that leaves most for the mix', () => {
    const policy = fragmentationGradient([{ ...share, gpuMilli: 700, share: 1 }])
    // The task fits 1000 and 700; of 400 nothing is lost that was not lost before.
    expect(policy.choose(state, share)).toEqual({ score: Math.trunc(100 / (1 + Math.exp(-0.3))), device: 1 })
  })
})
