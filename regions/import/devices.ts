// Device models by the names that clouds have for them, and how fast one is: its memory bandwidth over that of one c6i vCPU
// (204.8 GB/s over 64), since small networks are bound by it. Only a first guess, until a run has measured.
import { deviceModelOf } from '../device-names.ts'

const cpuGigabytesPerSecond = 204.8 / 64

const memoryGigabytesPerSecond: Readonly<Record<string, number>> = {
  'nvidia-a10': 600,
  'nvidia-a100': 1555,
  'nvidia-a100-80': 2039,
  'nvidia-a10g': 600,
  'nvidia-b200': 8000,
  'nvidia-h100': 3350,
  'nvidia-h200': 4800,
  'nvidia-k80': 240,
  'nvidia-l4': 300,
  'nvidia-l40s': 864,
  'nvidia-m60': 160,
  'nvidia-p40': 347,
  'nvidia-t4': 320,
  'nvidia-t4g': 320,
  'nvidia-v100': 900,
}

export const deviceModels: readonly { readonly name: string; readonly relativeSpeed: number }[] = [
  { name: 'cpu', relativeSpeed: 1 },
  ...Object.entries(memoryGigabytesPerSecond).map(([name, gigabytesPerSecond]) => ({
    name,
    relativeSpeed: Math.ceil(gigabytesPerSecond / cpuGigabytesPerSecond - 0.5),
  })),
]

const modelNames: ReadonlySet<string> = new Set(Object.keys(memoryGigabytesPerSecond))

/** Null for what trains nothing here, and for slices of a device. */
export function awsDevices(instanceType: string, gpuModel: string, gpuCount: string): Devices | null {
  const model = deviceModelOf(gpuModel, modelNames)
  const count = Number(gpuCount)
  if (model === null || !Number.isInteger(count) || count < 1) return null
  return { model: instanceType.startsWith('p4de.') ? 'nvidia-a100-80' : model, count }
}

export type Devices = { readonly model: string; readonly count: number }

/** By the machine type's name, for example a2-highgpu-4g. */
export function gcpDevices(machineType: string): Devices | null {
  const [family, kind, size] = machineType.split('-')
  const count = Number(size?.replace('g', ''))
  if (family === 'g2') return { model: 'nvidia-l4', count: { 24: 2, 48: 4, 96: 8 }[count] ?? 1 }
  if (family === 'a2') return { model: kind === 'ultragpu' ? 'nvidia-a100-80' : 'nvidia-a100', count }
  if (family === 'a3' && kind !== 'ultragpu') return { model: 'nvidia-h100', count }
  return null
}

/** "T4-16GB" and how many; null for a slice of one. */
export function tencentDevices(gpuModel: string, gpuCount: string): Devices | null {
  const model = deviceModelOf(gpuModel, modelNames)
  const count = Number(gpuCount)
  return model === null || !Number.isInteger(count) || count < 1 ? null : { model, count }
}
