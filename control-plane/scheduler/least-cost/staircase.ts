// The cheapest units with which some places end an epoch together: the less time, the more of them, in steps. Every place
// covers the rate that its data needs (cover-cheaply.ts); a place that is given more than it needs ends earlier.
import { throughputTolerance } from '../config.ts'
import { coverCheaply } from '../cover-cheaply.ts'
import { throughputOf, type Place } from '../policy.ts'
import { everyUnit } from '../use-everything.ts'
import { coverAtLeast } from './cover-at-least.ts'

/** Data that is trained on in one place. */
export type Group = {
  readonly place: Place
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
  readonly #nodesMax: number

  constructor(groups: readonly Group[], nodesMax: number) {
    this.#groups = groups
    this.#nodesMax = nodesMax
  }

  /** With every unit. */
  get leastSeconds(): number {
    return Math.max(...this.#groups.map(({ place, samples }) => samples / throughputOf(place, everyUnit(place))))
  }

  /** For at least `leastSeconds`. */
  at(seconds: number): Step {
    const covers = this.#groups.map(({ place, samples }) => {
      const rate = samples / seconds
      const { units, isExact } = coverCheaply(place, rate, this.#nodesMax)
      const usdPerHour = usdOf(place, units)
      const atLeast = isExact ? usdPerHour : Math.min(usdPerHour, coverAtLeast(place, rate * (1 - throughputTolerance)))
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
