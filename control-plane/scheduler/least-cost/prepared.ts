// What every search of the same problem needs again, reckoned once.
import { Coverer } from '../cover-cheaply.ts'
import { throughputOf, type Place, type Problem } from '../policy.ts'
import { everyUnit } from '../use-everything.ts'

/** Of every place, in the order of the problem. */
export type Prepared = {
  readonly coverers: readonly Coverer[]
  /** Samples per second with every unit. */
  readonly capacity: Float64Array
  readonly indexOf: ReadonlyMap<string, number>
}

export function prepare({ places }: Problem): Prepared {
  return {
    coverers: places.map((place) => new Coverer(place)),
    capacity: Float64Array.from(places, (place: Place) => throughputOf(place, everyUnit(place))),
    indexOf: new Map(places.map(({ region }, i) => [region, i])),
  }
}

/** Of units that train so many samples in at most so long: the dearer ones are only needed for less time. */
export function leastUsd(coverer: Coverer, samples: number, seconds: number): number {
  // Without a limit the cheapest throughput will do, however little of it there is.
  const lasting = Number.isFinite(seconds) ? seconds : samples / 1e-9
  return (coverer.coverAtLeast(samples / lasting) * lasting) / 3600
}
