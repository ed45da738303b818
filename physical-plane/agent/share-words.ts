// What is said of shares to a person: what is free of the GPUs, and why a share will never be found here.
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import type { Slice, SliceShare } from '#physical-plane/runtime/runtime.ts'
import type { Device } from './devices.ts'
import { isShared, type GpuTable, type ShareAsk } from './gpu-table.ts'

/** Devices that one sentence names. */
const namedMax = 3

/** "0.5" of 500 thousandths. */
export function shareWords(milli: number): string {
  return String(milli / placementConfig.wholeMilli)
}

export function gibWords(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

/** "0.5 (limit 0.9, 8.0 GiB)" */
export function describeAsk({ share: { requestMilli, limitMilli, memoryBytes, smMilli } }: ShareAsk): string {
  const memory = memoryBytes === 0 ? '' : `, ${gibWords(memoryBytes)}`
  const part = smMilli === undefined ? '' : ` of the time on ${shareWords(smMilli)} of the multiprocessors`
  return `${shareWords(requestMilli)}${part} (limit ${shareWords(limitMilli)}${memory})`
}

export function describeFreeShares(model: string, table: GpuTable): string {
  const devices = table.devices.filter((device) => device.model === model)
  if (devices.length === 0) return `no ${model} is here now`
  const left = devices.flatMap(({ id }) => {
    const share = table.left(id)
    return share === null ? [] : [{ id, ...share }]
  })
  if (left.length === 0) return `none of ${devices.length} ${model} can be shared`
  left.sort((a, b) => b.requestMilli - a.requestMilli || (a.id < b.id ? -1 : 1))
  const named = left
    .slice(0, namedMax)
    .map(
      ({ id, requestMilli, limitMilli, memoryBytes }) =>
        `${id} has ${shareWords(requestMilli)} to guarantee, ${shareWords(limitMilli)} of limits and ${gibWords(memoryBytes)} left`,
    )
  const more = left.length > namedMax ? [`${left.length - namedMax} more have less`] : []
  return [...named, ...more].join('; ')
}

/** `seen`: the most memory that a device of each model had while this agent has run, whether it is here now or not. */
export function refuseShare(
  holder: string,
  model: string,
  { requestMilli, limitMilli, memoryBytes }: SliceShare,
  devices: readonly Device[],
  seen: ReadonlyMap<string, number>,
): string | null {
  const asked = `${holder} asks for ${shareWords(requestMilli)} of one ${model}`
  const { wholeMilli } = placementConfig
  if (requestMilli < 1 || limitMilli < requestMilli || limitMilli > wholeMilli)
    return `${asked} with a limit of ${shareWords(limitMilli)}: gpu_share needs 0 < request <= limit <= 1`
  const most = seen.get(model)
  if (most === undefined) return `${asked}, and this agent has none; it has ${modelsOf(devices)}`
  const alike = devices.filter((device) => device.model === model)
  const [whole] = alike
  if (whole !== undefined && !alike.some(isShared))
    return `${asked}, and ${whole.id} is handed out whole: ${whole.wholeBecause ?? 'GPU sharing is off'}; ask for whole GPUs`
  const largest = alike.filter(isShared).toSorted((a, b) => b.memoryBytes - a.memoryBytes)[0]
  if (memoryBytes > Math.max(most, largest?.memoryBytes ?? 0))
    return `${asked} with ${gibWords(memoryBytes)}, and ${largest?.id ?? 'the largest'} has ${gibWords(most)}; lower gpu_share.memory_gib`
  return null
}

function modelsOf(devices: readonly Device[]): string {
  const models = [...new Set(devices.map(({ model }) => model))].sort()
  return models.length === 0 ? 'no GPUs' : models.join(', ')
}

/** Of time: memory and multiprocessors of a run stay what they were when it began. */
export function isOfShare({ share }: Slice, { share: asked }: ShareAsk): boolean {
  if (share === undefined) return true
  return share.requestMilli === asked.requestMilli && share.limitMilli === asked.limitMilli
}
