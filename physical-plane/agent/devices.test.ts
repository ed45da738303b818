import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpuPool, gpuModel, parseGpus } from './devices.ts'

describe('parseGpus', () => {
  test('reads what nvidia-smi prints, in ascending order of id', () => {
    const printed = [
      'GPU-5f1a0f3e-9a4b-4c9e-8d2a-1b2c3d4e5f60, Tesla T4, 15360',
      'GPU-11111111-9a4b-4c9e-8d2a-1b2c3d4e5f60, NVIDIA A100-SXM4-40GB, 40960',
      '',
    ].join('\n')
    expect(parseGpus(printed)).toEqual([
      { id: 'GPU-11111111-9a4b-4c9e-8d2a-1b2c3d4e5f60', model: 'nvidia-a100', units: 1, memoryBytes: 40_960 * 2 ** 20 },
      { id: 'GPU-5f1a0f3e-9a4b-4c9e-8d2a-1b2c3d4e5f60', model: 'nvidia-t4', units: 1, memoryBytes: 15_360 * 2 ** 20 },
    ])
  })

  test.each([
    'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.',
    'No devices were found',
    'GPU-5f1a0f3e-9a4b-4c9e-8d2a-1b2c3d4e5f60, [GPU requires reset], [N/A]',
    ', , ',
  ])('has no GPU in %j', (text) => {
    expect(parseGpus(text)).toEqual([])
  })

  test('one GPU listed twice is one GPU; any text is read without a throw', () => {
    const line = 'GPU-5f1a0f3e-9a4b-4c9e-8d2a-1b2c3d4e5f60, Tesla T4, 15360'
    expect(parseGpus(`${line}\n${line}`).length).toBe(1)
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseGpus(text)).toBeInstanceOf(Array)
      }),
    )
  })
})

test.each([
  ['Tesla T4', 15360, 'nvidia-t4'],
  ['Tesla V100-SXM2-16GB', 16384, 'nvidia-v100'],
  ['NVIDIA A100-PCIE-40GB', 40960, 'nvidia-a100'],
  ['NVIDIA A100 80GB PCIe', 81920, 'nvidia-a100-80'],
  ['NVIDIA A10G', 23028, 'nvidia-a10g'],
  ['NVIDIA H100 80GB HBM3', 81559, 'nvidia-h100'],
  ['NVIDIA H200', 143771, 'nvidia-h200'],
  ['NVIDIA L40S', 46068, 'nvidia-l40s'],
  ['NVIDIA GeForce RTX 4090', 24564, 'nvidia-rtx-4090'],
])('%s with %i MiB is %s', (name, memoryMiB, model) => {
  expect(gpuModel(name, memoryMiB)).toBe(model)
})

test('a CPU pool has at least one thread', () => {
  expect(cpuPool(4, 100)).toEqual({ id: 'cpu-0', model: 'cpu', units: 4, memoryBytes: 100 })
  for (const units of [0, -1, 1.5, Number.NaN, 5_000]) expect(() => cpuPool(units, 1)).toThrow(/--cpu-units/)
})
