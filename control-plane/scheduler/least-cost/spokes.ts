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
  /** Of the places that are kept; all of it is forgotten when these change. */
  #kept: Int32Array | null = null
  #firstSeconds = new Float64Array()
  readonly #times = new Map<string, SpokeTimes>()
  readonly #usd = new Map<string, UsdOf>()

  constructor(terms: Terms) {
    this.#terms = terms
  }

  of(box: Box, kept: Int32Array, withUsd: boolean): Spokes {
    if (box.hub === 'nowhere') {
      const nothing = new Float64Array(kept.length)
      const none = { secondsPerModel: nothing, outsideSeconds: nothing, givenPerModel: 0, givenOutside: 0 }
      return { ...none, usdOf: () => 0, usdOfHub: 0 }
    }
    if (kept !== this.#kept) this.#forget(kept)
    const times = this.#timesOf(box, kept)
    return withUsd ? { ...times, ...this.#usdOf(box, kept) } : { ...times, usdOf: () => 0, usdOfHub: 0 }
  }

  #forget(kept: Int32Array): void {
    this.#kept = kept
    this.#times.clear()
    this.#usd.clear()
    this.#firstSeconds = firstParameters(this.#terms, kept)
  }

  #timesOf({ hub, placesFrom }: Box, kept: Int32Array): SpokeTimes {
    const key = `${hub} ${placesFrom}`
    const known = this.#times.get(key)
    if (known !== undefined) return known
    const times = spokeTimes(this.#terms, hub, Math.max(1, placesFrom - 1), kept, this.#firstSeconds)
    this.#times.set(key, times)
    return times
  }

  #usdOf({ hub, loadFrom, loadUntil }: Box, kept: Int32Array): UsdOf {
    const heaviest = Math.min(loadUntil, this.#terms.total)
    const key = `${hub} ${loadFrom} ${heaviest}`
    const known = this.#usd.get(key)
    if (known !== undefined) return known
    const usd =
      typeof hub === 'number'
        ? usdWith(this.#terms, hub, kept, loadFrom, heaviest)
        : usdAnywhere(this.#terms, kept, loadFrom)
    this.#usd.set(key, usd)
    return usd
  }
}

type UsdOf = Pick<Spokes, 'usdOf' | 'usdOfHub'>

/** With the best hub for each, for as many exchanges as there are in any case. */
function usdAnywhere({ wire, legs }: Terms, kept: Int32Array, loadFrom: number): UsdOf {
  const models = wire.models(loadFrom)
  const usd = new Float64Array(kept.length)
  for (let k = 0; k < kept.length; k++) {
    let least = Number.POSITIVE_INFINITY
    for (const hub of kept) if (hub !== kept[k]) least = Math.min(least, legs.swapUsd(kept[k]!, hub, models))
    usd[k] = kept.length < 2 ? 0 : least
  }
  return { usdOf: (k) => usd[k]!, usdOfHub: Math.max(0, ...usd) }
}

function usdWith({ wire, legs }: Terms, hub: number, kept: Int32Array, loadFrom: number, heaviest: number): UsdOf {
  const step = Math.max(0, heaviest - loadFrom) / levels
  const models = Array.from({ length: levels + 1 }, (_, level) => wire.models(loadFrom + level * step))
  /** By place and level; NaN until it is asked for. */
  const usd = new Float64Array(kept.length * (levels + 1)).fill(Number.NaN)
  const usdOf = (k: number, load: number): number => {
    if (kept[k] === hub) return 0
    const level = step <= 0 ? 0 : Math.min(levels, Math.max(0, Math.floor((load - loadFrom) / step)))
    const at = k * (levels + 1) + level
    if (Number.isNaN(usd[at]!)) usd[at] = legs.swapUsd(kept[k]!, hub, models[level]!)
    return usd[at]!
  }
  return { usdOf, usdOfHub: 0 }
}

/** Seconds of the first parameters to a place, or from it: they come from the lowest one that is used. */
function firstParameters({ wire, legs }: Terms, kept: Int32Array): Float64Array<ArrayBuffer> {
  return Float64Array.from(kept, (p) => {
    let least = Number.POSITIVE_INFINITY
    for (const other of kept) {
      if (other === p) continue
      least = Math.min(least, legs.seconds(Math.min(p, other), Math.max(p, other), wire.finalBytes))
    }
    return least
  })
}

function spokeTimes(terms: Terms, hub: Hub, others: number, kept: Int32Array, firstSeconds: Float64Array): SpokeTimes {
  const { wire, legs, stays } = terms
  const secondsPerModel = new Float64Array(kept.length).fill(Number.POSITIVE_INFINITY)
  const lastSeconds = new Float64Array(kept.length).fill(Number.POSITIVE_INFINITY)
  const uplinks = Float64Array.from(kept, (p) => (typeof hub === 'string' || p === hub ? legs.widestFrom(p, kept) : 0))
  // Both ends of an exchange wait for it.
  const meet = (k: number, h: number): void => {
    const [spoke, at, uplink] = [kept[k]!, kept[h]!, uplinks[h]!]
    const perModel = legs.bothWays(spoke, at, wire.modelBytes, others, uplink)
    const last = legs.bothWays(spoke, at, wire.finalBytes, others, uplink)
    if (perModel < secondsPerModel[k]!) secondsPerModel[k] = perModel
    if (perModel < secondsPerModel[h]!) secondsPerModel[h] = perModel
    if (last < lastSeconds[k]!) lastSeconds[k] = last
    if (last < lastSeconds[h]!) lastSeconds[h] = last
  }
  for (let h = 0; h < kept.length; h++) {
    if (typeof hub === 'number' && kept[h] !== hub) continue
    for (let k = 0; k < kept.length; k++) if (k !== h) meet(k, h)
  }
  const outsideSeconds = new Float64Array(kept.length)
  let [givenPerModel, givenOutside] = [0, 0]
  for (let k = 0; k < kept.length; k++) {
    if (secondsPerModel[k] === Number.POSITIVE_INFINITY) secondsPerModel[k] = 0
    else outsideSeconds[k] = firstSeconds[k]! + lastSeconds[k]!
    if (stays[kept[k]!] === 0) continue
    givenPerModel = Math.max(givenPerModel, secondsPerModel[k]!)
    givenOutside = Math.max(givenOutside, outsideSeconds[k]!)
  }
  return { secondsPerModel, outsideSeconds, givenPerModel, givenOutside }
}
