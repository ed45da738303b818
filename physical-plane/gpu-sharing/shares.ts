// Who may have how much of a device. Requests are guaranteed, so they never add up to more than the device; limits are hopes,
// so they may, up to 1.5 devices (Dilu's omega and gamma). Quotas move between request and limit, a level at a time: the level
// is what dilu.ts makes of the latency clients' trouble. Pure.
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { limitArea, requestArea, smMilliOf } from './area.ts'
import type { SharingConfig } from './config.ts'
import type { Role, ShareOfDevice } from './gpu-sharing.ts'

export type HeldShare = { readonly instanceId: string; readonly share: ShareOfDevice }

/** Throws naming device, instance and field when the device would be oversold or the share is none. */
export function checkShare(
  device: { readonly deviceId: string; readonly memoryBytes: number; readonly besideBytes?: number },
  held: readonly HeldShare[],
  wanted: HeldShare,
  limits: SharingConfig['shares'],
): void {
  const { requestMilli, limitMilli, memoryBytes, smMilli } = wanted.share
  const where = `instance ${wanted.instanceId} on device ${device.deviceId}`
  const refuse = (field: string, description: string): never => {
    throw invalid([{ field: `share.${field}`, description: `${where}: ${description}` }], 'SHARE_REFUSED')
  }
  if (held.some(({ instanceId }) => instanceId === wanted.instanceId))
    throw new CloudlessError('already-exists', 'INSTANCE_REGISTERED', `${where}: another run of it is registered`)
  if (held.length >= limits.instancesMax)
    throw new CloudlessError(
      'exhausted',
      'TOO_MANY_INSTANCES',
      `${where}: ${limits.instancesMax} are registered already`,
    )
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  if (!isWhole(requestMilli) || requestMilli > 1000) refuse('requestMilli', `is ${requestMilli}; give 0 to 1000`)
  if (!isWhole(limitMilli) || limitMilli < 1 || limitMilli > 1000)
    refuse('limitMilli', `is ${limitMilli}; give 1 to 1000`)
  if (limitMilli < requestMilli) refuse('limitMilli', `is ${limitMilli}, below the request of ${requestMilli}`)
  if (smMilli !== undefined && (!isWhole(smMilli) || smMilli > 1000))
    refuse('smMilli', `is ${smMilli}; give 1 to 1000, or 0 for all multiprocessors`)
  if (!isWhole(memoryBytes)) refuse('memoryBytes', `is ${memoryBytes}; give 0 or more`)

  const part = smMilliOf({ smMilli }) < 1000 ? ` of ${smMilli} of the multiprocessors` : ''
  const requests = sum(held, requestArea)
  if (requests + requestArea(wanted.share) > limits.requestSumMilliMax)
    refuse(
      'requestMilli',
      `is ${requestMilli}${part}, but ${limits.requestSumMilliMax - requests} of ${limits.requestSumMilliMax} are free`,
    )
  const allLimits = sum(held, limitArea)
  if (allLimits + limitArea(wanted.share) > limits.limitSumMilliMax)
    refuse(
      'limitMilli',
      `is ${limitMilli}${part}, but ${limits.limitSumMilliMax - allLimits} of ${limits.limitSumMilliMax} are free`,
    )
  const free = device.memoryBytes - sum(held, (share) => share.memoryBytes) - (device.besideBytes ?? 0)
  if (device.memoryBytes > 0 && memoryBytes > Math.max(0, free))
    refuse('memoryBytes', `is ${memoryBytes}, but ${Math.max(0, free)} of ${device.memoryBytes} bytes are free`)
}

export type ShareClient = {
  readonly instanceId: string
  readonly role: Role
  readonly share: ShareOfDevice
  /** It launched, waited or was busy lately. */
  readonly isActive: boolean
}

/**
 * Each instance's quota in thousandths, between its request and its limit. `level` (0 to 1) is how far confined ones may go
 * towards their limits. An idle instance keeps its request: it is there the moment that it wakes.
 */
export function quotas(
  clients: readonly ShareClient[],
  level: number,
  wholeMilli: number,
): ReadonlyMap<string, number> {
  const quota = new Map<string, number>()
  const confined = clients.filter((client) => client.role === 'confined')
  const active = confined.filter((client) => client.isActive)
  const wish = (client: ShareClient): number =>
    clamp(Math.round(level * client.share.limitMilli), client.share.requestMilli, client.share.limitMilli)
  // Confined ones among themselves share one device at most, each keeping its request.
  const wishes = active.reduce((total, client) => total + wish(client), 0)
  const requests = active.reduce((total, client) => total + client.share.requestMilli, 0)
  const part = wishes <= wholeMilli ? 1 : (wholeMilli - requests) / (wishes - requests)
  for (const client of confined) {
    const { requestMilli } = client.share
    quota.set(
      client.instanceId,
      client.isActive ? requestMilli + Math.floor(part * (wish(client) - requestMilli)) : requestMilli,
    )
  }
  // What confined ones do not have, protected ones may; of each other they respect the requests. Its own use is never
  // another's: a client alone on the device has its limit. Whoever has no request takes what is left: nothing is kept for it.
  const entitled = active.filter(({ share }) => share.requestMilli > 0)
  const confinedSum = entitled.reduce((total, client) => total + quota.get(client.instanceId)!, 0)
  const guarded = clients.filter((client) => client.role === 'protected')
  for (const client of guarded) {
    const { requestMilli, limitMilli } = client.share
    const others = guarded.filter((other) => other !== client && other.isActive)
    const taken = confinedSum + others.reduce((total, other) => total + other.share.requestMilli, 0)
    quota.set(client.instanceId, clamp(wholeMilli - taken, requestMilli, limitMilli))
  }
  return quota
}

function sum(held: readonly HeldShare[], of: (share: ShareOfDevice) => number): number {
  return held.reduce((total, { share }) => total + of(share), 0)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
