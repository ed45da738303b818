// The cheapest units with which some places end an epoch together: the less time, the more of them, in steps. Every place
// covers the rate that its data needs (cover-cheaply.ts); a place that is given more than it needs ends earlier.
import type { Coverer, CoverLimits } from '../cover-cheaply.ts'
import { throughputOf, type Place } from '../policy.ts'
import { everyUnit } from '../use-everything.ts'
import type { SearchLimits } from './limits.ts'

/** Data that is trained on in one place. */
export type Group = {
  readonly place: Place
  /** Of the place. */
  readonly coverer: Coverer
  readonly dataRegions: readonly string[]
  /** Of all epochs. */
  readonly samples: number
}

export type Step = {
  /** In the order of the groups. */
  readonly units: readonly ReadonlyMap<string, number>[]
  /** The time that these units take: at most what was asked for. */
  readonly seconds: number
  readonly usdPerHour: number
  /** No units that take at most what was asked for cost less. */
  readonly usdPerHourAtLeast: number
}

export class Staircase {
  readonly #groups: readonly Group[]
  readonly #limits: readonly CoverLimits[]
  readonly #steps = new Map<number, Step>()

  constructor(groups: readonly Group[], limits: SearchLimits) {
    this.#groups = groups
    // In a place with few units each of them counts.
    this.#limits = groups.map(({ place: { unitsMax } }) =>
      limits.tolerance === 0 || unitsMax <= limits.fewUnits
        ? { nodesMax: limits.coverNodes, tolerance: 0 }
        : { nodesMax: limits.coverNodes, tolerance: limits.coverTolerance },
    )
  }

  /** With every unit. */
  get leastSeconds(): number {
    return Math.max(...this.#groups.map(({ place, samples }) => samples / throughputOf(place, everyUnit(place))))
  }

  /** For at least `leastSeconds`. */
  at(seconds: number): Step {
    const known = this.#steps.get(seconds)
    if (known !== undefined) return known
    const step = this.#stepAt(seconds)
    this.#steps.set(seconds, step)
    return step
  }

  #stepAt(seconds: number): Step {
    const covers = this.#groups.map(({ place, coverer, samples }, i) => {
      const { units, usdPerHourAtLeast } = coverer.cover(samples / seconds, this.#limits[i]!)
      const usdPerHour = usdOf(place, units)
      const isCheapest = usdPerHour <= usdPerHourAtLeast * (1 + 1e-9)
      const atLeast = isCheapest ? usdPerHour : usdPerHourAtLeast
      return { units, usdPerHour, atLeast, seconds: samples / throughputOf(place, units) }
    })
    return {
      units: covers.map(({ units }) => units),
      seconds: Math.max(...covers.map((cover) => cover.seconds)),
      usdPerHour: sum(covers.map(({ usdPerHour }) => usdPerHour)),
      usdPerHourAtLeast: sum(covers.map(({ atLeast }) => atLeast)),
    }
  }
}

export function usdOf({ devices }: Place, units: ReadonlyMap<string, number>): number {
  return sum(devices.map(({ key, usdPerUnitHour }) => (units.get(key) ?? 0) * usdPerUnitHour))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
