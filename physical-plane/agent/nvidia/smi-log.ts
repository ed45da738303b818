// What `nvidia-smi -q -x` says of the machine's GPUs, as far as handing them out needs it. MIG devices have their names only in
// `nvidia-smi -L`. GPUs of which something is missing (a driver that cannot reach them, one that needs a reset) are left out.
import { childrenOf, parseXml, textAt, type XmlElement } from './xml.ts'

export type NvidiaGpu = {
  readonly uuid: string
  readonly name: string
  readonly memoryMiB: number
  readonly computeMode: 'default' | 'exclusive-process' | 'prohibited'
  readonly isMigEnabled: boolean
  readonly migDevices: readonly MigDevice[]
  /** Names of programs that compute on it. */
  readonly programs: readonly string[]
}

export type MigDevice = { readonly index: number; readonly memoryMiB: number }

export type SmiLog = {
  readonly driverVersion: string
  readonly cudaVersion: string
  readonly gpus: readonly NvidiaGpu[]
}

export function parseSmiLog(text: string): SmiLog {
  const log = parseXml(text)
  const gpus: NvidiaGpu[] = []
  for (const element of childrenOf(log, 'gpu')) {
    const gpu = readGpu(element)
    if (gpu !== null && !gpus.some(({ uuid }) => uuid === gpu.uuid)) gpus.push(gpu)
  }
  gpus.sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
  return { driverVersion: textAt(log, 'driver_version'), cudaVersion: textAt(log, 'cuda_version'), gpus }
}

/** By "GPU-... 0": the UUID and the profile of a GPU's MIG device with this index. */
export type MigNames = ReadonlyMap<string, { readonly uuid: string; readonly profile: string }>

/** Reads `nvidia-smi -L`: "GPU 0: NVIDIA A100 (UUID: GPU-...)", and below it "  MIG 3g.20gb Device 0: (UUID: MIG-...)". */
export function parseMigNames(text: string): MigNames {
  const names = new Map<string, { uuid: string; profile: string }>()
  let gpu = ''
  for (const line of text.split('\n')) {
    const whole = /^GPU \d+: .*\(UUID: (?<uuid>GPU-[0-9a-fA-F-]+)\)\s*$/.exec(line)?.groups
    if (whole !== undefined) gpu = whole['uuid']!
    const mig = /^\s+MIG (?<profile>[\w.+]+)\s+Device\s+(?<index>\d+): \(UUID: (?<uuid>MIG-[0-9a-zA-Z/-]+)\)\s*$/.exec(
      line,
    )
    const { profile, index, uuid } = mig?.groups ?? {}
    if (gpu !== '' && uuid !== undefined) names.set(migKey(gpu, Number(index)), { uuid, profile: profile! })
  }
  return names
}

export function migKey(gpuUuid: string, index: number): string {
  return `${gpuUuid} ${index}`
}

function readGpu(element: XmlElement): NvidiaGpu | null {
  const uuid = textAt(element, 'uuid')
  const name = textAt(element, 'product_name')
  const memoryMiB = mebibytes(textAt(element, 'fb_memory_usage', 'total'))
  if (!/^GPU-[0-9a-fA-F-]+$/.test(uuid) || name === '' || memoryMiB === null) return null
  const processes = childrenOf(element, 'processes').flatMap((list) => childrenOf(list, 'process_info'))
  return {
    uuid,
    name,
    memoryMiB,
    computeMode: computeModeOf(textAt(element, 'compute_mode')),
    isMigEnabled: textAt(element, 'mig_mode', 'current_mig') === 'Enabled',
    migDevices: childrenOf(element, 'mig_devices').flatMap((list) => childrenOf(list, 'mig_device').flatMap(readMig)),
    programs: processes.map((process) => textAt(process, 'process_name')),
  }
}

function readMig(element: XmlElement): readonly MigDevice[] {
  const index = textAt(element, 'index')
  const memoryMiB = mebibytes(textAt(element, 'fb_memory_usage', 'total'))
  return /^\d+$/.test(index) && memoryMiB !== null ? [{ index: Number(index), memoryMiB }] : []
}

function mebibytes(text: string): number | null {
  const amount = /^(?<count>\d{1,9}) MiB$/.exec(text)?.groups?.['count']
  return amount === undefined || Number(amount) === 0 ? null : Number(amount)
}

function computeModeOf(text: string): NvidiaGpu['computeMode'] {
  if (text === 'Prohibited') return 'prohibited'
  return text === 'Exclusive_Process' || text === 'Exclusive_Thread' ? 'exclusive-process' : 'default'
}
