// What the laboratory shows in float64, on the arena: the same parts over the real kernels. Against plain loops that
// round each operation to float32 the bits must be the same; against float64 only rounding may differ.
import { describe, expect, test } from 'vitest'
import { VectorMemory } from '../../replica/memory.ts'
import { adam, sgd } from './inner-optimisers.ts'
import { distance, inFloat64, train, type Precision, type Training } from './laboratory.ts'
import { plainKernels } from './plain-kernels.ts'
import { aNetwork } from './problems.ts'

const plainFloat32: Precision<Float32Array> = {
  kernels: plainKernels(Math.fround),
  allocate: (elements) => new Float32Array(elements),
}

function onArena(): Precision<Float32Array> {
  const memory = VectorMemory.create(2 ** 20)
  return { kernels: memory.kernels, allocate: (elements) => memory.allocate(elements) }
}

const common = { problem: aNetwork(5, 3), weights: [3, 2, 1], interval: 8, steps: 32 } as const
const outer = { learningRate: 0.7, momentum: 0.9 }
const cases: readonly (readonly [string, Training])[] = [
  ['model averaging', { ...common, rule: 'mean', outer, inner: sgd({ rate: 0.1, momentum: 0.9 }), merge: 'overwrite' }],
  ['DiLoCo', { ...common, rule: 'outer-nesterov', outer, inner: adam(0.02) }],
  ['streaming, rebase', { ...common, rule: 'outer-nesterov', outer, inner: adam(0.02), fragments: 4, tau: 1 }],
  [
    'streaming, mix',
    {
      ...common,
      rule: 'outer-nesterov',
      outer,
      inner: sgd({ rate: 0.1 }),
      fragments: 2,
      tau: 3,
      merge: 'mix',
      mergeWeight: 0.3,
    },
  ],
  [
    'delayed Nesterov',
    {
      ...common,
      rule: 'outer-delayed-nesterov',
      outer: { learningRate: 0.4, momentum: 0.9 },
      inner: sgd({ rate: 0.1 }),
      delay: 2,
      tau: 5,
    },
  ],
  [
    'sparse mean',
    { ...common, rule: 'sparse-mean', outer: { learningRate: 0.7, momentum: 0 }, inner: sgd({ rate: 0.1 }) },
  ],
]

describe.each(cases)('%s', (_, training) => {
  const exact = train(inFloat64, training)
  const onKernels = train(onArena(), training)

  test('has the bits of plain float32 loops', () => {
    const plain = train(plainFloat32, training)
    expect(Array.from(onKernels.shared)).toEqual(Array.from(plain.shared))
    expect(onKernels.locals.map((local) => Array.from(local))).toEqual(plain.locals.map((local) => Array.from(local)))
  })

  test('differs from float64 by rounding', () => {
    expect(distance(onKernels.shared, exact.shared)).toBeLessThan(1e-4)
    expect(distance(exact.shared, common.problem.start)).toBeGreaterThan(0.01)
  })
})
