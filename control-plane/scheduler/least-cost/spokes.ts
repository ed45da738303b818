// What a place adds to synchronisation at least when it is used together with others: with a given hub, or whichever place
// contributions meet in. For times it makes no difference which end of an exchange the hub is: it is both ways that count.
import type { Box, Hub } from './box-prices.ts'
import type { Terms } from './terms.ts'

/** In the order of the places that are kept. */
export type Spokes = SpokeTimes & {
  /** What exchanges cost where some place trains so many samples of all epochs. */
  readonly usdOf: (k: number, samples: number) => number
  /** What the hub was counted for and does not cost. */
  readonly usdOfHub: number
}

type SpokeTimes = {
  /** Of the places that are used in any case: everybody waits for them. */
  readonly givenPerModel: number
  readonly givenOutside: number
  /** Of one model both ways. */
  readonly secondsPerModel: Float64Array
  /** Of the first parameters, and of the final model both ways. */
  readonly outsideSeconds: Float64Array
}

/** Loads for which bytes are priced; between them the price of the lower one counts. */
const levels = 8

export class SpokesOf {
  readonly #terms: Terms
  readonly #times = new Map<string, SpokeTimes>()
  #kept = new Int32Array()

  constructor(terms: Terms) {
    this.#terms = terms
  }

  of(box: Box, kept: Int32Array, withUsd: boolean): Spokes {
    if (box.hub === 'nowhere') {
      const nothing = new Float64Array(kept.length)
      const none = { secondsPerModel: nothing, outsideSeconds: nothing, givenPerModel: 0, givenOutside: 0 }
      return { ...none, usdOf: () => 0, usdOfHub: 0 }
    }
    const times = this.#timesOf(box, kept)
    if (!withUsd) return { ...times, usdOf: () => 0, usdOfHub: 0 }
    return { ...times, ...(box.hub === 'somewhere' ? this.#usdAnywhere(box, kept) : this.#usdWith(box.hub, box)) }
  }

  #timesOf({ hub, placesFrom }: Box, kept: Int32Array): SpokeTimes {
    if (kept !== this.#kept) this.#times.clear()
    this.#kept = kept as Int32Array<ArrayBuffer>
    const key = `${hub} ${placesFrom}`
    const times = this.#times.get(key) ?? spokeTimes(this.#terms, hub, Math.max(1, placesFrom - 1), kept)
    this.#times.set(key, times)
    return times
  }

  /** With the best hub for each, for as many exchanges as there are in any case. */
  #usdAnywhere({ loadFrom }: Box, kept: Int32Array): Pick<Spokes, 'usdOf' | 'usdOfHub'> {
    const { wire, legs } = this.#terms
    const models = wire.models(loadFrom)
    const usd = new Float64Array(kept.length)
    for (let k = 0; k < kept.length; k++) {
      let least = Number.POSITIVE_INFINITY
      for (const hub of kept) if (hub !== kept[k]) least = Math.min(least, legs.swapUsd(kept[k]!, hub, models))
      usd[k] = kept.length < 2 ? 0 : least
    }
    return { usdOf: (k) => usd[k]!, usdOfHub: Math.max(0, ...usd) }
  }

  #usdWith(hub: number, { loadFrom, loadUntil }: Box): Pick<Spokes, 'usdOf' | 'usdOfHub'> {
    const { wire, legs, total } = this.#terms
    const step = Math.max(0, Math.min(loadUntil, total) - loadFrom) / levels
    const models = Array.from({ length: levels + 1 }, (_, level) => wire.models(loadFrom + level * step))
    const kept = this.#kept
    const usdOf = (k: number, load: number): number => {
      if (kept[k] === hub) return 0
      const level = step <= 0 ? 0 : Math.min(levels, Math.max(0, Math.floor((load - loadFrom) / step)))
      return legs.swapUsd(kept[k]!, hub, models[level]!)
    }
    return { usdOf, usdOfHub: 0 }
  }
}

function spokeTimes({ wire, legs, stays }: Terms, hub: Hub, others: number, kept: Int32Array): SpokeTimes {
  const secondsPerModel = new Float64Array(kept.length)
  const outsideSeconds = new Float64Array(kept.length)
  let [givenPerModel, givenOutside] = [0, 0]
  const isAnywhere = typeof hub === 'string'
  const uplinks = Float64Array.from(kept, (p) => (isAnywhere || p === hub ? legs.widestFrom(p, kept) : 0))
  for (let k = 0; k < kept.length; k++) {
    const p = kept[k]!
    let [perModel, first, last] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let h = 0; h < kept.length; h++) {
      const other = kept[h]!
      if (other === p) continue
      // The first parameters come from the lowest place.
      first = Math.min(
        first,
        other < p ? legs.seconds(other, p, wire.finalBytes) : legs.seconds(p, other, wire.finalBytes),
      )
      if (!isAnywhere && other !== hub && p !== hub) continue
      if (isAnywhere || other === hub) {
        perModel = Math.min(perModel, legs.bothWays(p, other, wire.modelBytes, others, uplinks[h]!))
        last = Math.min(last, legs.bothWays(p, other, wire.finalBytes, others, uplinks[h]!))
      }
      if (isAnywhere || p === hub) {
        perModel = Math.min(perModel, legs.bothWays(other, p, wire.modelBytes, others, uplinks[k]!))
        last = Math.min(last, legs.bothWays(other, p, wire.finalBytes, others, uplinks[k]!))
      }
    }
    if (perModel === Number.POSITIVE_INFINITY) continue
    secondsPerModel[k] = perModel
    outsideSeconds[k] = first + last
    if (stays[p] === 0) continue
    givenPerModel = Math.max(givenPerModel, perModel)
    givenOutside = Math.max(givenOutside, first + last)
  }
  return { secondsPerModel, outsideSeconds, givenPerModel, givenOutside }
}
