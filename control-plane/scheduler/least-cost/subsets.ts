// The best way to hand out data to places where each place has a price for every set of data that it may be given: dynamic
// programming over sets, place by place. It is exact, and knows that what comes together in a place shares its units.
// With n regions of data a place takes up to 3^n steps; but of each set only the cheapest places matter, one more than
// there are regions of data besides: of those one is always free, whatever the other sets are given to.
// Sets are bit masks.

export type Handout = {
  /** Infinite where there is none. */
  readonly value: number
  /** By place: the set it was given. */
  readonly sets: Int32Array
  /** By set: the value of the best handout of that alone. */
  readonly values: Float64Array
  readonly steps: number
}

/** How prices of places add up: as costs do, or as times of places that work side by side. */
export type Fold = 'sum' | 'max'

export type HandoutInput = {
  /** Non-empty sets that each place may be given, in ascending order, and their prices. */
  readonly sets: readonly Int32Array[]
  readonly prices: readonly Float64Array[]
  /** Whether a place has to be given something; 1 where it has. */
  readonly isForced: Uint8Array
  readonly n: number
  readonly fold: Fold
  /** Prices from here on are of no interest. */
  readonly cutoff: number
  /** Places that are given something, at most, but for those that count anyway. */
  readonly placesMax: number
  readonly countsAnyway: (place: number) => boolean
}

export function bestHandout(input: HandoutInput): Handout {
  const { n, placesMax, countsAnyway, isForced } = input
  const size = 1 << n
  // No more than one place for each region of data can be needed.
  const isCounting = placesMax < n
  const layers = isCounting ? Math.max(0, placesMax) + 1 : 1
  const wanted = wantedSets(input, isCounting)
  const used = [...wanted.keys()].filter((place) => wanted[place]!.length > 0 || isForced[place] === 1)
  let before = new Float64Array(layers * size).fill(Number.POSITIVE_INFINITY)
  let after = new Float64Array(layers * size)
  for (let layer = 0; layer < layers; layer++) before[layer * size] = 0
  const taken = new Int16Array(used.length * layers * size)
  const count = { steps: 0 }
  for (const [u, place] of used.entries()) {
    if (isForced[place] === 0) after.set(before)
    else after.fill(Number.POSITIVE_INFINITY)
    const isCounted = isCounting && !countsAnyway(place)
    for (let layer = isCounted ? 1 : 0; layer < layers; layer++) {
      addPlace(input, place, wanted[place]!, {
        before: before.subarray((isCounted ? layer - 1 : layer) * size),
        after: after.subarray(layer * size),
        taken: taken.subarray((u * layers + layer) * size),
        count,
      })
    }
    const last: Float64Array<ArrayBuffer> = before
    before = after
    after = last
  }
  const sets = new Int32Array(wanted.length)
  let [left, layer] = [size - 1, layers - 1]
  for (const [u, place] of [...used.entries()].toReversed()) {
    const set = taken[(u * layers + layer) * size + left]!
    sets[place] = set
    left &= ~set
    if (isCounting && set !== 0 && !countsAnyway(place)) layer -= 1
  }
  const values = before.subarray((layers - 1) * size)
  return { value: values[size - 1]!, sets, values, steps: count.steps }
}

type Layer = {
  readonly before: Float64Array
  readonly after: Float64Array
  readonly taken: Int16Array
  readonly count: { steps: number }
}

/** `wanted`: indices into the sets of the place. */
function addPlace(
  { sets, prices, n, fold }: HandoutInput,
  place: number,
  wanted: readonly number[],
  layer: Layer,
): void {
  const { before, after, taken, count } = layer
  const full = (1 << n) - 1
  const isSum = fold === 'sum'
  for (const i of wanted) {
    const set = sets[place]![i]!
    const price = prices[place]![i]!
    // Every set of the rest that the places before may have been given.
    const others = full & ~set
    count.steps += 1 << bitsOf(others)
    for (let rest = others; ; rest = (rest - 1) & others) {
      const earlier = before[rest]!
      const value = isSum ? earlier + price : earlier > price ? earlier : price
      const all = rest | set
      if (value < after[all]!) {
        after[all] = value
        taken[all] = set
      }
      if (rest === 0) break
    }
  }
}

/** By place: the sets that are worth giving it. Those that count anyway may be swapped among themselves only. */
function wantedSets(input: HandoutInput, isCounting: boolean): readonly (readonly number[])[] {
  const { sets, prices, isForced, n, cutoff, countsAnyway } = input
  const size = 1 << n
  const wanted: number[][] = sets.map(() => [])
  // By kind and set: the cheapest places until now, as many as matter, with the index of the set there.
  const places = new Int32Array(2 * size * n)
  const indices = new Int32Array(2 * size * n)
  const counts = new Int32Array(2 * size)
  for (let place = 0; place < sets.length; place++) {
    const own = sets[place]!
    const costs = prices[place]!
    const kind = isCounting && countsAnyway(place) ? size : 0
    for (let i = 0; i < own.length; i++) {
      const price = costs[i]!
      if (!(price < cutoff)) continue
      if (isForced[place] === 1) {
        wanted[place]!.push(i)
        continue
      }
      const at = kind + own[i]!
      const most = n + 1 - bitsOf(own[i]!)
      const start = at * n
      const worst = start + most - 1
      if (counts[at] === most && !(price < prices[places[worst]!]![indices[worst]!]!)) continue
      let to = counts[at]! < most ? start + counts[at]!++ : worst
      for (; to > start && price < prices[places[to - 1]!]![indices[to - 1]!]!; to--) {
        places[to] = places[to - 1]!
        indices[to] = indices[to - 1]!
      }
      places[to] = place
      indices[to] = i
    }
  }
  for (let at = 0; at < 2 * size; at++) {
    for (let i = 0; i < counts[at]!; i++) wanted[places[at * n + i]!]!.push(indices[at * n + i]!)
  }
  return wanted
}

function bitsOf(set: number): number {
  let count = 0
  for (let left = set; left !== 0; left &= left - 1) count += 1
  return count
}
