// What an instance asks of devices, what it is given of them, and what a policy is: a pure function from the devices as they
// are held now to pieces of some of them, or null where none will do.
import { assert } from '#runtime/assert.ts'
import { placementConfig } from './config.ts'
import type { DeviceIndex } from './device-index.ts'

/** A part of one device: guaranteed, usable while others leave it (thousandths of multiprocessors), and memory. */
export type Share = {
  readonly requestMilli: number
  readonly limitMilli: number
  readonly memoryBytes: number
  /** Its multiprocessors, in thousandths: request and limit are then of the time on these. Absent or 0: all of them. */
  readonly smMilli?: number
}

/** What so much of a share's time is of the whole device, in thousandths. */
export function partOfDeviceMilli(timeMilli: number, { smMilli = 0 }: Pick<Share, 'smMilli'>): number {
  return smMilli === 0 ? timeMilli : Math.ceil((timeMilli * smMilli) / placementConfig.wholeMilli)
}

export type DemandKind = 'training' | 'inference' | 'llm-inference'

export type Demand = {
  readonly holder: string
  /** Instances of one function, or workers of one job, have it in common. */
  readonly functionId: string
  readonly kind: DemandKind
  /** Devices of one node, each giving `share`. One for inference. */
  readonly devices: number
  readonly share: Share
  /** Of LLM inference: its layers may lie on several devices of one node, since the model finds its way over them. */
  readonly mayBeSplit: boolean
}

export type Piece = { readonly deviceId: string; readonly share: Share }
export type Placement = readonly Piece[]

/** Sums per device that no placement may exceed, in thousandths. */
export type Bounds = { readonly requestMilliMax: number; readonly limitMilliMax: number }

export type PlacementPolicy = {
  readonly name: string
  readonly bounds: Bounds
  /** Devices with room on which it lets an instance be; absent: all of these. */
  readonly admits?: (index: DeviceIndex, device: number, share: Share) => boolean
  readonly place: (index: DeviceIndex, demand: Demand) => Placement | null
}

/** Demands come checked from the border; a wrong one here is our own mistake. */
export function assertDemand({ holder, kind, devices, share }: Demand): void {
  const { requestMilli, limitMilli, memoryBytes, smMilli = 0 } = share
  const most = placementConfig.devicesPerInstanceMax
  assert(Number.isInteger(devices) && devices >= 1 && devices <= most, `${holder} asks for ${devices} devices`)
  assert(kind === 'training' || devices === 1, `${holder} asks for ${devices} devices for one ${kind}`)
  assert(Number.isInteger(requestMilli) && requestMilli >= 1, `${holder} requests ${requestMilli} thousandths`)
  assert(Number.isInteger(limitMilli) && limitMilli >= requestMilli, `${holder} has limit ${limitMilli}`)
  const isPart = Number.isInteger(smMilli) && smMilli >= 0 && smMilli <= placementConfig.wholeMilli
  assert(isPart, `${holder} asks for ${smMilli} thousandths of the multiprocessors`)
  assert(Number.isSafeInteger(memoryBytes) && memoryBytes >= 0, `${holder} asks for ${memoryBytes} bytes`)
}
