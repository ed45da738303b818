// The cheapest units of a place that reach a throughput: a covering knapsack over device classes, solved by depth-first search,
// the class with the cheapest throughput first. A branch is bounded by what the rest costs could units be divided; the last
// class follows from the others. Exact, unless a tolerance is given or the search comes to its limit of nodes.
// Order of preference: least cost, fewest units, then most of the class that comes first by key.
import { searchNodesMax, throughputTolerance } from './config.ts'
import type { DeviceOffer, Place } from './policy.ts'
import { everyUnit } from './use-everything.ts'

export type Cover = {
  readonly units: ReadonlyMap<string, number>
  /** No units that suffice cost less, in USD per hour. */
  readonly usdPerHourAtLeast: number
  /** False when the search stopped at its limit: then the units suffice, but may not be the cheapest. */
  readonly isExact: boolean
}

export type CoverLimits = {
  readonly nodesMax: number
  /** Units that cost more than the cheapest by no more than this share will do. */
  readonly tolerance: number
}

const toTheEnd: CoverLimits = { nodesMax: searchNodesMax, tolerance: 0 }

/** At least one unit. The place must be able to reach `samplesPerSecond` within the tolerance of throughputs. */
export function coverCheaply(place: Place, samplesPerSecond: number, limits: CoverLimits = toTheEnd): Cover {
  return new Coverer(place).cover(samplesPerSecond, limits)
}

// Costs are compared as whole nano-dollars an hour: exact, so that equal costs are equal.
const nanoUsd = 1e9

/** A place, prepared for many throughputs. */
export class Coverer {
  readonly #place: Place
  /** Cheapest throughput first. */
  readonly #devices: readonly DeviceOffer[]
  readonly #prices: Float64Array
  readonly #rates: Float64Array
  readonly #free: Float64Array
  /** The fastest unit from each class on. */
  readonly #fastest: Float64Array
  readonly #counts: Int32Array
  #target = 0
  #limits = toTheEnd
  #nodesLeft = 0
  #bestCounts: Int32Array | null = null
  #bestCost = Number.POSITIVE_INFINITY
  #bestUnits = Number.POSITIVE_INFINITY
  /** A branch was cut that could have been cheaper, by no more than the tolerance. */
  #isWithinTolerance = false

  constructor(place: Place) {
    const usdPerSample = (device: DeviceOffer): number => device.usdPerUnitHour / device.samplesPerSecondPerUnit
    this.#place = place
    this.#devices = place.devices.toSorted((a, b) => usdPerSample(a) - usdPerSample(b) || (a.key < b.key ? -1 : 1))
    this.#prices = Float64Array.from(this.#devices, ({ usdPerUnitHour }) => Math.round(usdPerUnitHour * nanoUsd))
    this.#rates = Float64Array.from(this.#devices, ({ samplesPerSecondPerUnit }) => samplesPerSecondPerUnit)
    this.#free = Float64Array.from(this.#devices, ({ unitsFree }) => unitsFree)
    this.#fastest = this.#rates.slice()
    for (let i = this.#fastest.length - 2; i >= 0; i--) {
      this.#fastest[i] = Math.max(this.#fastest[i]!, this.#fastest[i + 1]!)
    }
    this.#counts = new Int32Array(this.#devices.length)
  }

  /** As coverCheaply. */
  cover(samplesPerSecond: number, limits: CoverLimits): Cover {
    this.#target = samplesPerSecond * (1 - throughputTolerance)
    this.#limits = limits
    this.#nodesLeft = limits.nodesMax
    this.#bestCounts = null
    this.#bestCost = Number.POSITIVE_INFINITY
    this.#bestUnits = Number.POSITIVE_INFINITY
    this.#isWithinTolerance = false
    return this.#result()
  }

  /** What a throughput costs at least, in USD per hour, could units be divided; infinite where there are too few. */
  coverAtLeast(samplesPerSecond: number): number {
    this.#target = samplesPerSecond
    return Math.max(0, this.#leastCost(0, samplesPerSecond)) / nanoUsd
  }

  #result(): Cover {
    const whole = Math.max(0, this.#leastCost(0, this.#target))
    this.#visit(0, 0, 0, 0)
    const isExact = this.#nodesLeft > 0
    const counts = this.#bestCounts
    if (counts === null) return { units: everyUnit(this.#place), usdPerHourAtLeast: whole / nanoUsd, isExact }
    const units = new Map<string, number>()
    for (const [i, device] of this.#devices.entries()) if (counts[i]! > 0) units.set(device.key, counts[i]!)
    const near = this.#isWithinTolerance ? this.#bestCost * (1 - this.#limits.tolerance) : this.#bestCost
    return { units, usdPerHourAtLeast: (isExact ? near : Math.min(near, whole)) / nanoUsd, isExact }
  }

  #visit(depth: number, cost: number, units: number, rate: number): void {
    if (this.#nodesLeft <= 0) return
    this.#nodesLeft -= 1
    if (this.#isHopeless(depth, cost, units, rate)) return
    const missing = this.#target - rate
    const most = Math.min(this.#free[depth]!, this.#place.unitsMax - units)
    const needed = Math.max(
      units === 0 && depth === this.#devices.length - 1 ? 1 : 0,
      Math.ceil(missing / this.#rates[depth]!),
    )
    if (depth === this.#devices.length - 1) {
      if (needed <= most) this.#consider(needed, cost, units)
      return
    }
    // More than `needed` is never better: it only adds cost and units; but one unit is taken whatever is missing.
    const first = Math.min(most, units === 0 ? Math.max(1, needed) : needed)
    for (let count = first; count >= 0; count--) {
      this.#counts[depth] = count
      this.#visit(depth + 1, cost + count * this.#prices[depth]!, units + count, rate + count * this.#rates[depth]!)
    }
    this.#counts[depth] = 0
  }

  /** The rest can not reach the target, or not as well as the best found so far. */
  #isHopeless(depth: number, cost: number, units: number, rate: number): boolean {
    const missing = this.#target - rate
    const rest = this.#leastCost(depth, missing)
    if (rest === Number.POSITIVE_INFINITY) return true
    if (this.#bestCounts === null) return false
    const atLeast = cost + rest
    // The bound is a float sum; the slack keeps rounding from cutting an equal or better branch.
    const slack = 1 + Math.abs(atLeast) * 1e-12
    if (atLeast > this.#bestCost + slack) return true
    if (this.#limits.tolerance > 0 && atLeast > this.#bestCost * (1 - this.#limits.tolerance)) {
      this.#isWithinTolerance = true
      return true
    }
    if (atLeast < this.#bestCost - slack) return false
    return units + Math.max(0, missing) / this.#fastest[depth]! > this.#bestUnits + 1e-6
  }

  /** Of the classes from `depth` on, could units be divided; infinite where they can not reach it. */
  #leastCost(depth: number, missing: number): number {
    let left = missing
    let cost = 0
    for (let i = depth; i < this.#rates.length && left > 0; i++) {
      const units = Math.min(this.#free[i]!, left / this.#rates[i]!)
      left -= units * this.#rates[i]!
      cost += units * this.#prices[i]!
    }
    return left > Math.abs(this.#target) * throughputTolerance ? Number.POSITIVE_INFINITY : cost
  }

  #consider(last: number, costBefore: number, unitsBefore: number): void {
    const depth = this.#devices.length - 1
    this.#counts[depth] = last
    const cost = costBefore + last * this.#prices[depth]!
    const units = unitsBefore + last
    const isBetter =
      cost !== this.#bestCost
        ? cost < this.#bestCost
        : units !== this.#bestUnits
          ? units < this.#bestUnits
          : this.#isFirst()
    if (isBetter) {
      this.#bestCounts = this.#counts.slice()
      this.#bestCost = cost
      this.#bestUnits = units
    }
    this.#counts[depth] = 0
  }

  #isFirst(): boolean {
    for (const { key } of this.#place.devices) {
      const i = this.#devices.findIndex((device) => device.key === key)
      const [mine, theirs] = [this.#counts[i]!, this.#bestCounts![i]!]
      if (mine !== theirs) return mine > theirs
    }
    return false
  }
}
