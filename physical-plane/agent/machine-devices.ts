// The devices of the agent's machine as they are now: what of them is held, how they are shared, and what the control plane is
// told of them. Devices may go and come back.
import type { Device as WireDevice } from '#proto/generated/cloudless/v1/Device.ts'
import type { Device } from './devices.ts'
import { GpuShares } from './gpu-shares.ts'
import { wireDevice } from './observed.ts'
import { plainPurchase, type Purchase } from './purchase.ts'
import { SliceTable } from './slices.ts'

export class MachineDevices {
  readonly slices: SliceTable
  readonly shares: GpuShares
  readonly #purchase: Purchase
  #devices: readonly Device[]
  /** When the machine will be taken away, as its cloud has announced; null while nothing is. */
  endsAtMs: number | null = null

  constructor(devices: readonly Device[], shares = new GpuShares(null), purchase = plainPurchase) {
    this.#devices = shares.devicesAre(devices)
    this.slices = new SliceTable(this.#devices)
    this.shares = shares
    this.#purchase = purchase
  }

  /** These are the devices from now on. Who holds something of one that is gone, with why that must end. */
  change(devices: readonly Device[]): readonly { readonly instanceId: string; readonly fault: string }[] {
    const gone = this.#devices.filter(({ id }) => !devices.some((device) => device.id === id))
    const bereft = gone.flatMap(({ id }) =>
      this.slices
        .holdersOf(id)
        .map((instanceId) => ({ instanceId, fault: `${instanceId} has lost its device ${id}, which is gone` })),
    )
    this.#devices = this.shares.devicesAre(devices)
    this.slices.update(this.#devices)
    return bereft
  }

  wire(): WireDevice[] {
    return this.#devices.map((device) => ({ ...wireDevice(device), ...this.#purchase, endsAtMs: this.endsAtMs ?? 0 }))
  }
}
