// Which of the machine's GPUs are handed out, and which of these in parts. Pure: what nvidia-smi says and what the agent has in,
// devices out.
import { gpuModel, type Device } from '../devices.ts'
import { migKey, type MigNames, type NvidiaGpu, type SmiLog } from './smi-log.ts'

/** What the agent has for sharing GPUs. */
export type SharingMeans = {
  /** Why no GPU is shared; '' when they are. */
  readonly offBecause: string
  readonly hasMps: boolean
}

export function devicesOfLog({ gpus }: SmiLog, migNames: MigNames, means: SharingMeans): readonly Device[] {
  const devices = gpus.flatMap((gpu) => (gpu.isMigEnabled ? migDevices(gpu, migNames) : wholeGpu(gpu, means)))
  return devices.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function wholeGpu(gpu: NvidiaGpu, { offBecause, hasMps }: SharingMeans): readonly Device[] {
  // Nothing may compute on it.
  if (gpu.computeMode === 'prohibited') return []
  const model = gpuModel(gpu.name, gpu.memoryMiB)
  const device = { id: gpu.uuid, model, units: 1, memoryBytes: gpu.memoryMiB * 2 ** 20 }
  const isForOne = gpu.computeMode === 'exclusive-process' && !hasMps
  const wholeBecause = isForOne ? 'its compute mode lets one process in at a time, and there is no MPS' : offBecause
  if (wholeBecause !== '') return [{ ...device, sharing: 'whole', wholeBecause }]
  return [{ ...device, sharing: hasMps ? 'interposer-mps' : 'interposer' }]
}

/** Parts that the hardware keeps apart; no further parts are made of them. */
function migDevices(gpu: NvidiaGpu, names: MigNames): readonly Device[] {
  const parent = gpuModel(gpu.name, gpu.memoryMiB)
  return gpu.migDevices.flatMap(({ index, memoryMiB }) => {
    const named = names.get(migKey(gpu.uuid, index))
    if (named === undefined) return []
    const model = `${parent}-mig-${named.profile.toLowerCase().replaceAll('+', '-')}`
    const wholeBecause = 'it is a MIG device'
    const shape = { id: named.uuid, model, units: 1, memoryBytes: memoryMiB * 2 ** 20 }
    return [{ ...shape, sharing: 'whole' as const, wholeBecause }]
  })
}
