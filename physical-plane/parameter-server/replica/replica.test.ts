// Golden values: torch 2.13 on a CPU, the same numbers and learning rates, `parameters.tolist()` after four steps.
import { describe, expect, test } from 'vitest'
import { aGroup, aLayout, aTensor } from './a-layout.ts'
import type { ParameterGroup } from './layout.ts'
import { VectorMemory } from './memory.ts'
import type { OptimiserKind } from './optimiser-spec.ts'
import { Replica } from './replica.ts'

const initial = [0.5, -1.25, 2, 0.125, -0.75, 3, -0.01]
const gradients = [
  [0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7],
  [-0.05, 0.15, 0.25, 0.35, -0.45, 0.55, 0.65],
  [1.5, -0.5, 0.25, 0, 0.125, -2, 0.001],
  [0.3, 0.3, -0.3, 0.7, -0.1, 0.2, 0.9],
]
const learningRates = [0.1, 0.1, 0.05, 0.01]

type Golden = readonly [string, OptimiserKind, Partial<ParameterGroup>, readonly number[]]
const goldens: readonly Golden[] = [
  ['plain sgd', 'sgd', {}, [0.417000026, -1.22300005, 1.93550003, 0.123000011, -0.760250032, 3.10299969, -0.154049993]],
  [
    'sgd with weight decay',
    'sgd',
    { weightDecay: 0.01 },
    [0.415721595, -1.2197783, 1.93036878, 0.12263231, -0.758248091, 3.09513354, -0.153873056],
  ],
  [
    'sgd with momentum',
    'sgd',
    { momentum: 0.9 },
    [0.392376006, -1.19890702, 1.87863803, 0.159531012, -0.806375027, 3.17446899, -0.285026997],
  ],
  [
    'sgd with momentum and dampening',
    'sgd',
    { momentum: 0.9, dampening: 0.3 },
    [0.417529523, -1.1999675, 1.89364552, 0.177706495, -0.825130999, 3.16493058, -0.252454787],
  ],
  [
    'sgd with momentum, dampening and weight decay',
    'sgd',
    { momentum: 0.8, dampening: 0.5, weightDecay: 0.05 },
    [0.42893222, -1.18446004, 1.8786875, 0.180465564, -0.816312075, 3.09810972, -0.213397086],
  ],
  [
    'sgd with nesterov',
    'sgd',
    { momentum: 0.9, nesterov: true },
    [0.320138395, -1.17701638, 1.82627416, 0.154077902, -0.810987473, 3.26002216, -0.401574284],
  ],
  [
    'sgd with nesterov and weight decay',
    'sgd',
    { momentum: 0.9, nesterov: true, weightDecay: 0.01 },
    [0.316868156, -1.16873658, 1.81311846, 0.153005049, -0.805652142, 3.2394588, -0.400798827],
  ],
  [
    'adamw',
    'adamw',
    { weightDecay: 0.01 },
    [0.333252192, -1.10627496, 1.74277866, 0.221879303, -0.853836119, 3.1248529, -0.256657034],
  ],
  [
    'adamw with other betas and epsilon',
    'adamw',
    { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1 },
    [0.327210397, -1.08404756, 1.70082414, 0.208464593, -0.827208936, 3.0496769, -0.251886427],
  ],
]

describe('four steps end where PyTorch ends', () => {
  test.each(goldens)('%s', (_name, kind, group, expected) => {
    const layout = aLayout([aTensor({ shape: [initial.length] })], [aGroup(group)], kind)
    const replica = Replica.create(layout, VectorMemory.create(65_536))
    replica.values.set(initial)
    for (const [step, gradient] of gradients.entries()) {
      replica.applyStep(Float32Array.from(gradient), [learningRates[step]!], 1)
    }
    expect(distance(replica.values, expected)).toBeLessThan(1e-6)
    expect(replica.optimiserSteps).toBe(4)
  })

  test('two parameter groups with their own momentum, decay and learning rate', () => {
    const layout = aLayout(
      [aTensor({ name: 'a', shape: [3] }), aTensor({ name: 'b', shape: [2, 2], group: 1 })],
      [aGroup({ momentum: 0.9, weightDecay: 0.1 }), aGroup()],
    )
    const replica = Replica.create(layout, VectorMemory.create(65_536))
    replica.values.set(initial)
    for (const [step, gradient] of gradients.entries()) {
      const rate = learningRates[step]!
      replica.applyStep(Float32Array.from(gradient), [rate, 2 * rate], 1)
    }
    const expected = [0.369890124, -1.14236772, 1.78845024, 0.121000007, -0.770500064, 3.20600033, -0.298099995]
    expect(distance(replica.values, expected)).toBeLessThan(1e-6)
  })
})

describe('a replica', () => {
  test('adds the change of buffers by their weight and keeps the optimiser away from them', () => {
    const layout = aLayout(
      [aTensor({ name: 'weight', shape: [2] }), aTensor({ name: 'mean', shape: [2], isBuffer: true })],
      [aGroup({ momentum: 0.9, weightDecay: 0.5 })],
    )
    const replica = Replica.create(layout, VectorMemory.create(65_536))
    replica.values.set([1, 1, 10, 20])
    for (let step = 0; step < 2; step++) replica.applyStep(Float32Array.of(0, 0, 4, -8), [0], 0.25)
    expect([...replica.values]).toEqual([1, 1, 12, 16])
    expect(replica.optimiserState.map(({ name, values }) => [name, values.length])).toEqual([['momentum', 2]])
  })

  test('goes on from a checkpoint as if it had not stopped', () => {
    for (const kind of ['sgd', 'adamw'] as const) {
      const layout = aLayout([aTensor({ shape: [7] })], [aGroup({ momentum: 0.9, dampening: 0.2 })], kind)
      const [whole, before, after] = [0, 1, 2].map(() => Replica.create(layout, VectorMemory.create(65_536)))
      whole!.values.set(initial)
      before!.values.set(initial)
      for (const gradient of gradients) whole!.applyStep(Float32Array.from(gradient), [0.1], 1)
      for (const gradient of gradients.slice(0, 2)) before!.applyStep(Float32Array.from(gradient), [0.1], 1)
      after!.values.set(before!.values)
      after!.optimiserSteps = before!.optimiserSteps
      for (const [index, { values }] of before!.optimiserState.entries()) {
        after!.optimiserState[index]!.values.set(values)
      }
      for (const gradient of gradients.slice(2)) after!.applyStep(Float32Array.from(gradient), [0.1], 1)
      expect(after!.values).toEqual(whole!.values)
    }
  })

  test('gives all its memory back', () => {
    const memory = VectorMemory.create(65_536)
    Replica.create(aLayout(undefined, undefined, 'adamw'), memory).dispose()
    expect(memory.usedBytes).toBe(0)
  })

  test('a gradient of another length is a bug', () => {
    const replica = Replica.create(aLayout(), VectorMemory.create(65_536))
    expect(() => replica.applyStep(new Float32Array(3), [0.1], 1)).toThrow('gradient has 3 of 4 elements')
    expect(() => replica.applyStep(new Float32Array(4), [], 1)).toThrow('0 learning rates for 1 groups')
  })
})

/** Largest relative difference. */
function distance(values: Float32Array, expected: readonly number[]): number {
  return Math.max(...Array.from(values, (value, index) => Math.abs(value / expected[index]! - 1)))
}
