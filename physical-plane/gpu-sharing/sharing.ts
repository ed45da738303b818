// GPU sharing of one agent: a manager for each device, instances on them. One device's trouble is not another's.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { CloudlessError, invalid, notFound } from '#runtime/errors.ts'
import { DeviceManager, type ManagerDeps } from './device-manager.ts'
import type { GpuSharing, SharedDevice, SharedInstance } from './gpu-sharing.ts'
import { layoutConstants } from './layout.ts'
import type { InstanceUse } from './use.ts'

export type SharingOptions = {
  /** Where shared files lie: a memory file system. */
  readonly folder: string
  /** Tells this agent's files from others' on the machine, for example its state folder. */
  readonly owner: string
}

export function openSharing(options: SharingOptions, deps: ManagerDeps): GpuSharing {
  return new Sharing(options, deps)
}

/** The same for the same agent and device: a new agent finds the file that the one before it left, unless that laid it out otherwise. */
export function sharedFilePath({ folder, owner }: SharingOptions, deviceId: string): string {
  const digest = createHash('sha256')
    .update(`${owner}\0${deviceId}\0${layoutConstants.version}`)
    .digest('hex')
    .slice(0, 16)
  return join(folder, `cloudless-gpu-${digest}`)
}

class Sharing implements GpuSharing {
  readonly #options: SharingOptions
  readonly #deps: ManagerDeps
  readonly #devices = new Map<string, DeviceManager>()

  constructor(options: SharingOptions, deps: ManagerDeps) {
    this.#options = options
    this.#deps = deps
  }

  addDevice(device: SharedDevice): { readonly path: string } {
    const known = this.#devices.get(device.deviceId)
    if (known !== undefined) return { path: known.path }
    const { devicesMax } = this.#deps.config
    if (this.#devices.size >= devicesMax)
      throw new CloudlessError(
        'exhausted',
        'TOO_MANY_DEVICES',
        `device ${device.deviceId}: ${devicesMax} are shared already`,
      )
    const path = sharedFilePath(this.#options, device.deviceId)
    this.#devices.set(device.deviceId, new DeviceManager(device, path, this.#deps))
    return { path }
  }

  besideIs(deviceId: string, bytes: number): void {
    const device = this.#devices.get(deviceId)
    if (device !== undefined) device.besideBytes = bytes
  }

  removeDevice(deviceId: string): void {
    this.#devices.get(deviceId)?.close({ removesFile: true })
    this.#devices.delete(deviceId)
  }

  register(instance: SharedInstance): void {
    const device = this.#devices.get(instance.deviceId)
    if (device === undefined) throw notFound('device', instance.deviceId)
    checkInstance(instance)
    device.register(instance)
  }

  unregister(tag: bigint): void {
    for (const device of this.#devices.values()) device.unregister(tag)
  }

  uses(): readonly InstanceUse[] {
    const uses = [...this.#devices.values()].flatMap((device) => device.uses())
    const key = (use: InstanceUse): string => `${use.deviceId}\0${use.instanceId}`
    return uses.sort((a, b) => (key(a) < key(b) ? -1 : 1))
  }

  close(options: { readonly removesFiles?: boolean } = {}): void {
    for (const device of this.#devices.values()) device.close({ removesFile: options.removesFiles === true })
    this.#devices.clear()
  }
}

function checkInstance({ instanceId, tag, objective }: SharedInstance): void {
  if (tag <= 0n || tag >= 2n ** 64n)
    throw invalid([{ field: 'tag', description: `instance ${instanceId}: is ${tag}; give 1 to 2^64 - 1` }])
  if (objective === null) return
  const { latencyMs, percentile } = objective
  if (!(latencyMs > 0) || !Number.isFinite(latencyMs))
    throw invalid([
      { field: 'objective.latencyMs', description: `instance ${instanceId}: is ${latencyMs}; give more than 0` },
    ])
  if (!(percentile > 0) || percentile >= 100)
    throw invalid([
      { field: 'objective.percentile', description: `instance ${instanceId}: is ${percentile}; give 1 to 99.99` },
    ])
}
