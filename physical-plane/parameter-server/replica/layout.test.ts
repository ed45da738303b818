import { describe, expect, test } from 'vitest'
import type { TensorLayout__Output } from '#proto/generated/cloudless/v1/TensorLayout.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aGroup, aLayout, aTensor } from './a-layout.ts'
import { decodeLayout, elementCount, encodeLayout, layoutDifference, parameterCount, tensorAt } from './layout.ts'
import type { Layout } from './layout.ts'

const model = aLayout(
  [
    aTensor({ name: 'conv.weight', shape: [2, 3] }),
    aTensor({ name: 'scale', shape: [] }),
    aTensor({ name: 'norm.running_mean', shape: [5], isBuffer: true }),
  ],
  [aGroup({ momentum: 0.9 })],
)

describe('a layout', () => {
  test('comes back from the wire as it went', () => {
    expect(decodeLayout(wire(model))).toEqual(model)
    expect([elementCount(model), parameterCount(model)]).toEqual([12, 7])
  })

  test('names the tensor of an element', () => {
    const names = [0, 5, 6, 7, 11, 12].map((index) => tensorAt(model, index)?.name ?? null)
    const mean = 'norm.running_mean'
    expect(names).toEqual(['conv.weight', 'conv.weight', 'scale', mean, mean, null])
  })

  test.each([
    ['layout.tensors', { tensors: [] }, '0 tensors'],
    ['layout.tensors', { tensors: Array.from({ length: 100_001 }, () => aTensor({ shape: [1] })) }, '100001 tensors'],
    ['layout.tensors[0].length', { tensors: [aTensor({ shape: [2, 3], length: 7 })] }, '7 must be 6'],
    ['layout.tensors[0].shape', { tensors: [aTensor({ shape: [2, -3] })] }, '[2, -3]'],
    ['layout.tensors[0].name', { tensors: [aTensor({ shape: [1], name: '' })] }, '1 to 1024 bytes'],
    ['layout.tensors[1].name', { tensors: [aTensor({ shape: [1] }), aTensor({ shape: [1] })] }, 'used twice'],
    ['layout.tensors[0].group', { tensors: [aTensor({ shape: [1], group: 1 })] }, '1 does not exist'],
    ['layout.tensors[0].dtype', { tensors: [aTensor({ shape: [1], dtype: 'int64' })] }, 'bfloat16, float32'],
    [
      'layout.tensors[1].isBuffer',
      { tensors: [aTensor({ name: 'mean', shape: [1], isBuffer: true }), aTensor({ shape: [1] })] },
      'put parameters before buffers',
    ],
    ['layout.tensors', { tensors: [aTensor({ shape: [2 ** 15, 2 ** 15] })] }, '1073741824 elements'],
    ['layout.tensors', { tensors: [aTensor({ shape: [0] })] }, '0 elements'],
    [
      'layout.optimiser.kind',
      { optimiser: { kind: 'lion', groups: [aGroup()] } },
      '"lion" is not supported; use one of sgd, adamw',
    ],
    [
      'layout.optimiser.groups',
      { optimiser: { kind: 'sgd', groups: Array.from({ length: 65 }, () => aGroup()) } },
      '65 groups',
    ],
    [
      'layout.optimiser.groups[0].weightDecay',
      { optimiser: { kind: 'sgd', groups: [aGroup({ weightDecay: Number.NaN })] } },
      'NaN',
    ],
    [
      'layout.optimiser.groups[0].nesterov',
      { optimiser: { kind: 'sgd', groups: [aGroup({ nesterov: true })] } },
      'momentum',
    ],
    ['layout.optimiser.groups[0].beta2', { optimiser: { kind: 'adamw', groups: [aGroup({ beta2: 1 })] } }, '1 must be'],
  ])('%s is refused by name: case %#', (field, change, text) => {
    const error = refusal({ ...wire(model), ...change } as TensorLayout__Output)
    expect(error.kind).toBe('invalid')
    expect(error.violations[0]?.field).toBe(field)
    expect(error.message).toContain(text)
  })

  test('a missing layout or optimiser is refused', () => {
    expect(refusal(null).message).toContain('layout: is missing')
    expect(refusal({ ...wire(model), optimiser: null }).message).toContain('layout.optimiser: is missing')
  })

  test('a refusal lists a few of many faults', () => {
    const tensors = Array.from({ length: 50 }, (_, index) => aTensor({ name: `t${index}`, shape: [2], length: 3 }))
    expect(refusal(wire(aLayout(tensors))).violations).toHaveLength(8)
  })

  test('two layouts differ in the first thing that matters, and learning rates do not', () => {
    const [group] = model.optimiser.groups
    const change = (other: Partial<Layout>) => layoutDifference(model, { ...model, ...other })
    expect(change({ optimiser: { kind: 'sgd', groups: [{ ...group!, learningRate: 9 }] } })).toBeNull()
    expect(change({ optimiser: { kind: 'sgd', groups: [{ ...group!, momentum: 0.5 }] } })).toBe(
      "layout.optimiser.groups[0].momentum is 0.5 where the job's is 0.9",
    )
    expect(change({ optimiser: { kind: 'adamw', groups: [group!] } })).toContain('kind is adamw')
    expect(change({ optimiser: { kind: 'sgd', groups: [group!, group!] } })).toContain('groups has 2')
    expect(change({ tensors: model.tensors.slice(1) })).toContain('2 tensors')
    expect(change({ tensors: model.tensors.with(0, aTensor({ name: 'conv.weight', shape: [3, 2] })) })).toContain(
      'float32[3, 2] where',
    )
  })
})

function wire(layout: Layout): TensorLayout__Output {
  return encodeLayout(layout) as TensorLayout__Output
}

function refusal(layout: TensorLayout__Output | null): CloudlessError {
  try {
    decodeLayout(layout)
  } catch (error) {
    if (error instanceof CloudlessError) return error
  }
  throw new Error('the layout was accepted')
}
