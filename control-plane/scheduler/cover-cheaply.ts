// The cheapest units of a region that reach a throughput: a covering knapsack over device classes, solved exactly by
// depth-first search with a bound. The class with most units is last and follows from the others in closed form, so
// one class takes O(1) and two take as many steps as the rarer has units.
// Order of preference: least cost, fewest units, then most of the class that comes first by key.
import { searchNodesMax, throughputTolerance } from './config.ts'
import type { DeviceOffer, Place } from './policy.ts'
import { everyUnit } from './use-everything.ts'

export type Cover = {
  readonly units: ReadonlyMap<string, number>
  /** False when the search stopped at its limit: then the units suffice, but may not be the cheapest. */
  readonly isExact: boolean
}

/** At least one unit. The offer must be able to reach `samplesPerSecond` within the tolerance. */
export function coverCheaply(offer: Place, samplesPerSecond: number, nodesMax = searchNodesMax): Cover {
  const target = samplesPerSecond * (1 - throughputTolerance)
  const devices = offer.devices.toSorted((a, b) => a.unitsFree - b.unitsFree || (a.key < b.key ? -1 : 1))
  const search: Search = {
    devices,
    prices: devices.map((device) => Math.round(device.usdPerUnitHour * nanoUsd)),
    unitsMax: offer.unitsMax,
    target,
    byValue: devices.map((_, depth) => cheapestPowerFirst(devices.slice(depth))),
    fastest: devices.map((_, depth) => Math.max(...devices.slice(depth).map((d) => d.samplesPerSecondPerUnit))),
    nameOrder: devices.map((_, i) => i).sort((a, b) => (devices[a]!.key < devices[b]!.key ? -1 : 1)),
    nodesLeft: nodesMax,
    best: null,
  }
  visit(search, { depth: 0, counts: [], cost: 0, units: 0, power: 0 })
  const counts = search.best?.counts
  if (counts === undefined) return { units: everyUnit(offer), isExact: search.nodesLeft > 0 }
  const units = new Map<string, number>()
  for (const [i, device] of devices.entries()) if (counts[i]! > 0) units.set(device.key, counts[i]!)
  return { units, isExact: search.nodesLeft > 0 }
}

// Costs are compared as whole nano-dollars an hour: exact, so that equal costs are equal.
const nanoUsd = 1e9

type Search = {
  /** In ascending order of free units. */
  readonly devices: readonly DeviceOffer[]
  readonly prices: readonly number[]
  readonly unitsMax: number
  readonly target: number
  /** The devices from each depth on, cheapest throughput first. */
  readonly byValue: readonly (readonly DeviceOffer[])[]
  readonly fastest: readonly number[]
  readonly nameOrder: readonly number[]
  nodesLeft: number
  best: Found | null
}

type Found = { readonly counts: readonly number[]; readonly cost: number; readonly units: number }

type Node = Found & { readonly depth: number; readonly power: number }

function visit(search: Search, node: Node): void {
  if (search.nodesLeft <= 0) return
  search.nodesLeft -= 1
  if (isHopeless(search, node)) return
  const device = search.devices[node.depth]!
  const most = Math.min(device.unitsFree, search.unitsMax - node.units)
  const needed = unitsFor(search.target - node.power, device, node.units === 0)
  if (node.depth === search.devices.length - 1) {
    if (needed <= most) consider(search, taking(search, node, needed))
    return
  }
  // More than `needed` is never better: it only adds cost and units.
  for (let count = Math.min(most, needed); count >= 0; count--) visit(search, taking(search, node, count))
}

/** Units of one device that reach `power`; at least one where nothing was taken yet. */
function unitsFor(power: number, device: DeviceOffer, isFirst: boolean): number {
  return Math.max(isFirst ? 1 : 0, Math.ceil(power / device.samplesPerSecondPerUnit))
}

function taking(search: Search, node: Node, count: number): Node {
  return {
    depth: node.depth + 1,
    counts: [...node.counts, count],
    cost: node.cost + count * search.prices[node.depth]!,
    units: node.units + count,
    power: node.power + count * search.devices[node.depth]!.samplesPerSecondPerUnit,
  }
}

/** The rest can not reach the target, or not as well as the best found so far. */
function isHopeless(search: Search, node: Node): boolean {
  const missing = search.target - node.power
  let left = missing
  let costAtLeast = node.cost
  for (const device of search.byValue[node.depth]!) {
    if (left <= 0) break
    const units = Math.min(device.unitsFree, left / device.samplesPerSecondPerUnit)
    left -= units * device.samplesPerSecondPerUnit
    costAtLeast += units * device.usdPerUnitHour * nanoUsd
  }
  if (left > Math.abs(search.target) * throughputTolerance) return true
  if (search.best === null) return false
  // The bound is a float sum; the slack keeps rounding from cutting an equal or better branch.
  const slack = 1 + Math.abs(costAtLeast) * 1e-12
  if (costAtLeast > search.best.cost + slack) return true
  if (costAtLeast < search.best.cost - slack) return false
  const unitsAtLeast = node.units + Math.max(0, missing) / search.fastest[node.depth]!
  return unitsAtLeast > search.best.units + 1e-6
}

function consider(search: Search, found: Found): void {
  if (search.best === null || isBetter(search, found, search.best)) search.best = found
}

function isBetter(search: Search, a: Found, b: Found): boolean {
  if (a.cost !== b.cost) return a.cost < b.cost
  if (a.units !== b.units) return a.units < b.units
  for (const i of search.nameOrder) if (a.counts[i] !== b.counts[i]) return a.counts[i]! > b.counts[i]!
  return false
}

function cheapestPowerFirst(devices: readonly DeviceOffer[]): readonly DeviceOffer[] {
  const usdPerPower = (device: DeviceOffer): number => device.usdPerUnitHour / device.samplesPerSecondPerUnit
  return devices.toSorted((a, b) => usdPerPower(a) - usdPerPower(b))
}
