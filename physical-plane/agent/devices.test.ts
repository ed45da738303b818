import { expect, test } from 'vitest'
import { cpuPool, gpuModel } from './devices.ts'

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
