// Which of the machine's GPUs are handed out, and which of these in parts. Pure: what nvidia-smi says and what the agent has in,
// devices out.
import { gpuModel, type Device } from '../devices.ts'
import { migKey, type MigNames, type NvidiaGpu, type SmiLog } from './smi-log.ts'

/** What the agent has for sharing GPUs. */
export type SharingMeans = {
  /** Why no GPU is shared; '' when they are. */
  readonly offBecause: string
  /** Nobody's, this agent's, or the machine's own, which all processes find. */
  readonly mps: 'none' | 'ours' | 'machine'
}

export function devicesOfLog({ gpus }: SmiLog, migNames: MigNames, means: SharingMeans): readonly Device[] {
  const devices = gpus.flatMap((gpu) => (gpu.isMigEnabled ? migDevices(gpu, migNames) : wholeGpu(gpu, means)))
  return devices.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function wholeGpu(gpu: NvidiaGpu, { offBecause, mps }: SharingMeans): readonly Device[] {
  // Nothing may compute on it.
  if (gpu.computeMode === 'prohibited') return []
  const model = gpuModel(gpu.name, gpu.memoryMiB)
  const device = { id: gpu.uuid, model, units: 1, memoryBytes: gpu.memoryMiB * 2 ** 20 }
  // Whoever has it whole would not get in beside an MPS that only our shares know of.
  const isForOne = gpu.computeMode === 'exclusive-process' && mps !== 'machine'
  const wholeBecause = isForOne ? 'its compute mode lets one process in, and the machine runs no MPS' : offBecause
  if (wholeBecause !== '') return [{ ...device, sharing: 'whole', wholeBecause }]
  return [{ ...device, sharing: mps === 'none' ? 'interposer' : 'interposer-mps' }]
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
