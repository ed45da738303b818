// What this machine can hand out: one pool of CPU threads, and NVIDIA GPUs where `nvidia-smi` lists them. A GPU's model
// is written as the catalogue writes it: "Tesla T4" is "nvidia-t4".
import { invalid } from '#runtime/errors.ts'

/** What holds parts of a GPU apart; whole: it has no parts. */
export type Sharing = 'whole' | 'interposer' | 'interposer-mps'

export type Device = {
  readonly id: string
  readonly model: string
  readonly units: number
  readonly memoryBytes: number
  /** Of a GPU; whole when absent. */
  readonly sharing?: Sharing
  /** Why no parts of a GPU can be had. */
  readonly wholeBecause?: string
}

/** CPU pools have threads to hand out, a GPU is one unit. */
export function isGpu({ model }: Pick<Device, 'model'>): boolean {
  return model !== 'cpu'
}

/** Between an A100 of 40 GB and one of 80. */
const largeA100MiB = 60_000

export function cpuPool(units: number, memoryBytes: number): Device {
  if (!Number.isInteger(units) || units < 1 || units > 4_096)
    throw invalid([{ field: '--cpu-units', description: `${units} must be a whole number from 1 to 4096` }])
  return { id: 'cpu-0', model: 'cpu', units, memoryBytes }
}

/** "Tesla V100-SXM2-16GB" is "nvidia-v100", "NVIDIA A100-PCIE-40GB" "nvidia-a100", "NVIDIA GeForce RTX 4090" "nvidia-rtx-4090". */
export function gpuModel(name: string, memoryMiB: number): string {
  const words = name
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter((word) => !/^(nvidia|tesla|geforce|quadro|graphics|device|mig)$/.test(word))
    // Form factor and memory do not make another model for the scheduler, with one exception below.
    .filter((word) => !/^(sxm\d*|pcie|nvl|hbm\d*e?|\d+gb|\d+mb)$/.test(word))
    .map((word) => word.replaceAll(/[^a-z0-9.]/g, ''))
    .filter((word) => word !== '')
  const model = ['nvidia', ...words].join('-')
  // This one has two prices.
  return model === 'nvidia-a100' && memoryMiB > largeA100MiB ? `${model}-80` : model
}
