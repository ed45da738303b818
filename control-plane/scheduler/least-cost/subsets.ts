// The best way to hand out data to places where each place has a price for every set of data that it may be given: dynamic
// programming over sets, place by place. It is exact, and knows that what comes together in a place shares its units.
// With n regions of data a place takes up to 3^n steps; but of each set only the cheapest places matter, one more than
// there are regions of data besides: of those one is always free, whatever the other sets are given to.
// Sets are bit masks. What a place may not be given costs infinitely much.

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
  /** `prices[place * 2^n + set]`. For the empty set it is 0, or infinite where a place has to be given something. */
  readonly prices: Float64Array
  readonly places: number
  readonly n: number
  readonly fold: Fold
  /** Prices from here on are of no interest. */
  readonly cutoff: number
  /** Places that are given something, at most, but for those that count anyway. */
  readonly placesMax: number
  readonly countsAnyway: (place: number) => boolean
}

export function bestHandout(input: HandoutInput): Handout {
  const { places, n, placesMax, countsAnyway } = input
  const size = 1 << n
  // No more than one place for each region of data can be needed.
  const isCounting = placesMax < n
  const layers = isCounting ? Math.max(0, placesMax) + 1 : 1
  const wanted = wantedSets(input, isCounting)
  let before = new Float64Array(layers * size).fill(Number.POSITIVE_INFINITY)
  for (let layer = 0; layer < layers; layer++) before[layer * size] = 0
  const taken = new Int16Array(places * layers * size)
  const count = { steps: 0 }
  for (let place = 0; place < places; place++) {
    const sets = wanted[place]!
    const mayHaveNone = input.prices[place * size]! < Number.POSITIVE_INFINITY
    if (sets.length === 0 && mayHaveNone) continue
    const after = mayHaveNone ? before.slice() : new Float64Array(layers * size).fill(Number.POSITIVE_INFINITY)
    const isCounted = isCounting && !countsAnyway(place)
    for (let layer = isCounted ? 1 : 0; layer < layers; layer++) {
      addPlace(input, place, sets, {
        before: before.subarray((isCounted ? layer - 1 : layer) * size),
        after: after.subarray(layer * size),
        taken: taken.subarray((place * layers + layer) * size),
        count,
      })
    }
    before = after
  }
  const sets = new Int32Array(places)
  let [left, layer] = [size - 1, layers - 1]
  for (let place = places - 1; place >= 0; place--) {
    const set = taken[(place * layers + layer) * size + left]!
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

function addPlace({ prices, n, fold }: HandoutInput, place: number, sets: readonly number[], layer: Layer): void {
  const { before, after, taken, count } = layer
  const full = (1 << n) - 1
  const isSum = fold === 'sum'
  for (const set of sets) {
    const price = prices[place * (full + 1) + set]!
    // Every set of the rest that the places before may have been given.
    const others = full & ~set
    for (let rest = others; ; rest = (rest - 1) & others) {
      count.steps += 1
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
  const { prices, places, n, cutoff, countsAnyway } = input
  const size = 1 << n
  const wanted: number[][] = Array.from({ length: places }, () => [])
  const kinds: readonly number[][] = [[], []]
  for (let place = 0; place < places; place++) {
    const isForced = !(prices[place * size]! < Number.POSITIVE_INFINITY)
    if (!isForced) {
      kinds[isCounting && countsAnyway(place) ? 1 : 0]!.push(place)
      continue
    }
    for (let set = 1; set < size; set++) if (prices[place * size + set]! < cutoff) wanted[place]!.push(set)
  }
  const found = new Int32Array(n)
  for (const kind of kinds) {
    for (let set = 1; set < size; set++) {
      const most = n + 1 - bitsOf(set)
      let count = 0
      for (const place of kind) {
        const price = prices[place * size + set]!
        if (!(price < cutoff) || (count === most && !(price < prices[found[most - 1]! * size + set]!))) continue
        let at = count < most ? count++ : most - 1
        for (; at > 0 && price < prices[found[at - 1]! * size + set]!; at--) found[at] = found[at - 1]!
        found[at] = place
      }
      for (let i = 0; i < count; i++) wanted[found[i]!]!.push(set)
    }
  }
  return wanted
}

function bitsOf(set: number): number {
  let count = 0
  for (let left = set; left !== 0; left &= left - 1) count += 1
  return count
}
