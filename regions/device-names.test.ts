import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { deviceModelOf } from './device-names.ts'

const known = new Set([
  'cpu',
  'nvidia-a100',
  'nvidia-a100-80',
  'nvidia-a10g',
  'nvidia-h100',
  'nvidia-t4',
  'nvidia-v100',
])

test.each([
  ['nvidia-t4', 'nvidia-t4'],
  ['Tesla T4', 'nvidia-t4'],
  ['nvidia-tesla-t4', 'nvidia-t4'],
  ['NVIDIA T4 Tensor Core', 'nvidia-t4'],
  ['T4-16GB', 'nvidia-t4'],
  ['A10G', 'nvidia-a10g'],
  ['NVIDIA A100-SXM4-40GB', 'nvidia-a100'],
  ['NVIDIA A100-SXM4-80GB', 'nvidia-a100-80'],
  ['nvidia-a100-80gb', 'nvidia-a100-80'],
  ['A100-80GB', 'nvidia-a100-80'],
  ['NVIDIA H100 80GB HBM3', 'nvidia-h100'],
  ['nvidia-h100-mega-80gb', 'nvidia-h100'],
  ['V100-32GB', 'nvidia-v100'],
  ['CPU', 'cpu'],
  ['NVIDIA GeForce RTX 4090', null],
  ['NVIDIA', null],
  ['', null],
])('%s is %s', (text, model) => {
  expect(deviceModelOf(text, known)).toBe(model)
})

test('whatever the text, a name is one that the catalogue has', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const model = deviceModelOf(text, known)
      expect(model === null || known.has(model)).toBe(true)
    }),
  )
})
