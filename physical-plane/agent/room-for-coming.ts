// Where those could go that are still to come. The control plane promises several shares at once, since they fit in some way; whoever
// comes first goes where its policy likes, and the last one might find no GPU though all had one. So before a choice is made it is
// looked for a way that leaves the others one: large ones first, each where the least is left over, and back again where that ends
// nowhere, within so many steps; then apart from each other, as the control plane counts.
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import { partOfDeviceMilli, type Demand, type Share } from '#physical-plane/gpu-sharing/placement/demand.ts'
import type { DeviceIndex } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { wholeShare } from '#physical-plane/gpu-sharing/placement/exclusive.ts'
import { bothWeights, leftOver } from '#physical-plane/gpu-sharing/placement/tightest.ts'

/** Null: a whole GPU. */
export type Coming = { readonly holder: string; readonly share: Share | null }

type Search = { readonly index: DeviceIndex; readonly places: Map<string, string>; stepsLeft: number }

const { wholeMilli } = placementConfig
const stepsMax = 300

/** A GPU for each of them; null where none was found for all. The index is as before. */
export function roomForComing(index: DeviceIndex, coming: readonly Coming[]): ReadonlyMap<string, string> | null {
  // Nothing has to be tried for what sums refuse, or one alone.
  const free = [...index.devices.keys()].reduce((sum, at) => sum + Math.max(0, wholeMilli - index.requestMilli(at)), 0)
  const asked = coming.reduce((sum, { share }) => sum + (share === null ? wholeMilli : areaOf({ share })), 0)
  if (asked > free || !coming.every((one) => mayGo(index, one))) return null
  const sorted = coming.toSorted((a, b) => areaOf(b) - areaOf(a) || (a.holder < b.holder ? -1 : 1))
  const together: Search = { index, places: new Map(), stepsLeft: stepsMax }
  if (place(together, sorted, 0, tightestFirst)) return together.places
  const apart: Search = { index, places: new Map(), stepsLeft: sorted.length }
  return place(apart, sorted, 0, (...given) => tightestFirst(...given).toReversed()) ? apart.places : null
}

/** Some GPU could take it now; others wait for somebody to go. */
export function mayGo(index: DeviceIndex, coming: Coming): boolean {
  return candidates(index, coming, (_, devices) => devices).length > 0
}

type Order = (index: DeviceIndex, devices: readonly number[], share: Share) => readonly number[]

function place(search: Search, coming: readonly Coming[], at: number, order: Order): boolean {
  const next = coming[at]
  if (next === undefined) return true
  const { index, places } = search
  for (const device of candidates(index, next, order)) {
    if (search.stepsLeft <= 0) return false
    search.stepsLeft -= 1
    const { id, memoryBytes } = index.devices[device]!
    const demand = demandOf(next)
    index.hold(demand, [{ deviceId: id, share: next.share ?? wholeShare(memoryBytes) }])
    const isFound = place(search, coming, at + 1, order)
    index.release(demand.holder)
    if (isFound) {
      places.set(next.holder, id)
      return true
    }
  }
  return false
}

/** Of GPUs in the same state one is enough. */
function candidates(index: DeviceIndex, { share }: Coming, order: Order): readonly number[] {
  const states = new Map<string, number>()
  for (const device of index.devices.keys()) {
    const isFitting =
      share === null ? !index.isActive(device) && index.besideBytes(device) === 0 : index.fits(device, share)
    if (isFitting) states.set(stateOf(index, device), states.get(stateOf(index, device)) ?? device)
  }
  return share === null ? [...states.values()] : order(index, [...states.values()], share)
}

function tightestFirst(index: DeviceIndex, devices: readonly number[], share: Share): readonly number[] {
  const left = (device: number): number => leftOver(index, device, share, bothWeights)
  return devices.toSorted((a, b) => left(a) - left(b) || a - b)
}

function stateOf(index: DeviceIndex, device: number): string {
  const parts = index.sizesOn(device).map(({ width, height }) => `${width}x${height}`)
  const sums = [index.limitMilli(device), index.freeMemoryBytes(device), Number(index.isActive(device))]
  return `${sums.join(' ')} ${parts.toSorted().join(' ')}`
}

/** What it is to others does not matter here. */
function demandOf({ holder, share }: Coming): Demand {
  const name = `coming ${holder}`
  const some = share ?? { requestMilli: 1, limitMilli: 1, memoryBytes: 0 }
  return { holder: name, functionId: name, kind: 'inference', devices: 1, share: some, mayBeSplit: false }
}

/** Whole ones come first: they need what nobody has anything of. */
function areaOf({ share }: Pick<Coming, 'share'>): number {
  return share === null ? 2 * wholeMilli : partOfDeviceMilli(share.requestMilli, share)
}
