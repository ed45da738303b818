// Device models by the names that clouds have for them, and how fast one is: its memory bandwidth over that of one c6i vCPU
// (204.8 GB/s over 64), since small networks are bound by it. Only a first guess, until a run has measured. Its memory is the most
// that any machine has with one.
import { deviceModelOf } from '../device-names.ts'
import type { Records } from './rows.ts'

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

export type ModelMemory = { readonly gib: number; readonly sources: readonly string[] }

/** By device model; those of which no table says it are not in it. */
export function deviceMemories(aws: Records, tencent: Records): ReadonlyMap<string, ModelMemory> {
  const memories = new Map<string, ModelMemory>()
  const add = (model: string, gib: number, source: string): void => {
    if (!(gib > 0)) return
    const { gib: known, sources } = memories.get(model) ?? { gib: 0, sources: [] }
    memories.set(model, { gib: Math.max(known, gib), sources: [...new Set([...sources, source])].sort() })
  }
  for (const row of aws) {
    const found = awsDevices(row['instance_type']!, row['gpu_model']!, row['gpu_count']!)
    if (found !== null) add(found.model, Number(row['gpu_memory_gib_total'] ?? '') / found.count, 'ec2instances')
  }
  for (const row of tencent) {
    const found = tencentDevices(row['gpu_model']!, row['gpu_count']!)
    if (found !== null) add(found.model, Number(row['gpu_memory_gib_each'] ?? ''), 'tencent-list')
  }
  return memories
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
