// The devices of the agent's machine as they are now: what of them is held, how they are shared, and what the control plane is
// told of them. Devices may go and come back.
import type { PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import type { Device as WireDevice } from '#proto/generated/cloudless/v1/Device.ts'
import type { Device } from './devices.ts'
import { GpuShares } from './gpu-shares.ts'
import { wireDevice } from './observed.ts'
import { plainPurchase, type Purchase } from './purchase.ts'
import type { SharedWeights } from './shared-weights.ts'
import { SliceTable } from './slices.ts'

export type MachineOptions = {
  readonly devices: readonly Device[]
  /** Of GPUs that are shared; none when absent. */
  readonly shares?: GpuShares
  /** Of the machine and so of all its devices; on demand and nothing more when absent. */
  readonly purchase?: Purchase
  /** Which GPU a share is on; our default where it is absent. */
  readonly placement?: PlacementPolicy
}

export class MachineDevices {
  readonly slices: SliceTable
  readonly shares: GpuShares
  readonly #purchase: Purchase
  #devices: readonly Device[]
  /** When the machine will be taken away, as its cloud has announced; null while nothing is. */
  endsAtMs: number | null = null

  constructor({ devices, shares = new GpuShares(null), purchase = plainPurchase, placement }: MachineOptions) {
    this.#devices = shares.devicesAre(devices)
    this.slices = new SliceTable(this.#devices, placement)
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
    this.#tellBeside()
    return bereft
  }

  /** Copies of weights on the GPUs, beside all shares. */
  weightsAre(weights: readonly SharedWeights[]): void {
    this.slices.weightsAre(weights)
    this.#tellBeside()
  }

  wire(): WireDevice[] {
    const endsAtMs = this.endsAtMs ?? 0
    return this.#devices.map((device) => {
      return { ...wireDevice(device), ...this.#purchase, endsAtMs, besideBytes: this.slices.besideBytes(device) }
    })
  }

  #tellBeside(): void {
    for (const device of this.#devices) this.shares.besideIs(device.id, this.slices.besideBytes(device))
  }
}
