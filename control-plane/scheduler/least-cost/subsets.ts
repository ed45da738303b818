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

/** Sets that places may be given: those of place `k` from `starts[k]` to before `starts[k + 1]`, none of them empty. */
export type Offers = { readonly starts: Int32Array; readonly sets: Int32Array }

export type HandoutInput = Offers & {
  /** Of the sets. */
  readonly prices: Float64Array
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
  const wanted = wantedOffers(input, isCounting)
  const places = isForced.length
  let before = new Float64Array(layers * size).fill(Number.POSITIVE_INFINITY)
  let after = new Float64Array(layers * size)
  for (let layer = 0; layer < layers; layer++) before[layer * size] = 0
  const used: number[] = []
  for (let place = 0; place < places; place++) {
    if (wanted.starts[place + 1]! > wanted.starts[place]! || isForced[place] === 1) used.push(place)
  }
  const taken = new Int16Array(used.length * layers * size)
  let steps = 0
  for (let u = 0; u < used.length; u++) {
    const place = used[u]!
    const [from, until] = [wanted.starts[place]!, wanted.starts[place + 1]!]
    if (isForced[place] === 0) after.set(before)
    else after.fill(Number.POSITIVE_INFINITY)
    const isCounted = isCounting && !countsAnyway(place)
    for (let layer = isCounted ? 1 : 0; layer < layers; layer++) {
      const offset = { before: (isCounted ? layer - 1 : layer) * size, after: layer * size }
      steps += addPlace(input, wanted.indices, from, until, {
        before,
        after,
        offset,
        taken,
        at: (u * layers + layer) * size,
      })
    }
    const last: Float64Array<ArrayBuffer> = before
    before = after
    after = last
  }
  const sets = new Int32Array(places)
  let [left, layer] = [size - 1, layers - 1]
  for (let u = used.length - 1; u >= 0; u--) {
    const place = used[u]!
    const set = taken[(u * layers + layer) * size + left]!
    sets[place] = set
    left &= ~set
    if (isCounting && set !== 0 && !countsAnyway(place)) layer -= 1
  }
  const values = before.subarray((layers - 1) * size)
  return { value: values[size - 1]!, sets, values, steps }
}

type Layer = {
  readonly before: Float64Array
  readonly after: Float64Array
  /** Where in them the layer begins. */
  readonly offset: { readonly before: number; readonly after: number }
  readonly taken: Int16Array
  readonly at: number
}

/** @returns steps. */
function addPlace(
  { sets, prices, n, fold }: HandoutInput,
  wanted: Int32Array,
  from: number,
  until: number,
  { before, after, offset, taken, at }: Layer,
): number {
  const full = (1 << n) - 1
  const isSum = fold === 'sum'
  const [fromBefore, fromAfter] = [offset.before, offset.after]
  let steps = 0
  for (let w = from; w < until; w++) {
    const set = sets[wanted[w]!]!
    const price = prices[wanted[w]!]!
    // Every set of the rest that the places before may have been given.
    const others = full & ~set
    steps += 1 << bits[others]!
    for (let rest = others; ; rest = (rest - 1) & others) {
      const earlier = before[fromBefore + rest]!
      const value = isSum ? earlier + price : earlier > price ? earlier : price
      const all = rest | set
      if (value < after[fromAfter + all]!) {
        after[fromAfter + all] = value
        taken[at + all] = set
      }
      if (rest === 0) break
    }
  }
  return steps
}

/**
 * The offers that matter, as indices, by place as in Offers: of those that count anyway, and of the others, the cheapest ones of
 * each set. Not to be kept: the next call writes over it.
 */
function wantedOffers(
  input: HandoutInput,
  isCounting: boolean,
): { readonly starts: Int32Array; readonly indices: Int32Array } {
  const { starts, sets, prices, isForced, n, cutoff, countsAnyway } = input
  const places = isForced.length
  const size = 1 << n
  const { cheapest, counts, isWanted, wanted } = roomFor(n, places, sets.length)
  counts.fill(0)
  isWanted.fill(0)
  for (let place = 0; place < places; place++) {
    const kind = isCounting && countsAnyway(place) ? size : 0
    for (let i = starts[place]!; i < starts[place + 1]!; i++) {
      const price = prices[i]!
      if (!(price < cutoff)) continue
      if (isForced[place] === 1) {
        isWanted[i] = 1
        continue
      }
      // By kind and set: the cheapest offers until now, as many as matter.
      const set = sets[i]!
      const start = (kind + set) * n
      const count = counts[kind + set]!
      let to = start + count
      if (count === n + 1 - bits[set]!) {
        to -= 1
        if (!(price < prices[cheapest[to]!]!)) continue
      } else counts[kind + set] = count + 1
      for (; to > start && price < prices[cheapest[to - 1]!]!; to--) cheapest[to] = cheapest[to - 1]!
      cheapest[to] = i
    }
  }
  for (let at = 0; at < 2 * size; at++) {
    for (let i = at * n; i < at * n + counts[at]!; i++) isWanted[cheapest[i]!] = 1
  }
  let count = 0
  for (let place = 0; place < places; place++) {
    wanted.starts[place] = count
    for (let i = starts[place]!; i < starts[place + 1]!; i++) if (isWanted[i] === 1) wanted.indices[count++] = i
  }
  wanted.starts[places] = count
  return wanted
}

type Room = {
  /** Indices of offers, `n` for each kind and set. */
  readonly cheapest: Int32Array
  readonly counts: Int32Array
  readonly isWanted: Uint8Array
  readonly wanted: { readonly starts: Int32Array; readonly indices: Int32Array }
}

/** By regions of data. What is in it is of no use after a call: it is kept because making it anew takes as long as using it. */
const rooms = new Map<number, Room>()

function roomFor(n: number, places: number, offers: number): Room {
  const known = rooms.get(n)
  if (known !== undefined && known.wanted.starts.length > places && known.isWanted.length >= offers) return known
  const room = {
    cheapest: new Int32Array(2 * (1 << n) * n),
    counts: new Int32Array(2 * (1 << n)),
    isWanted: new Uint8Array(offers),
    wanted: { starts: new Int32Array(places + 1), indices: new Int32Array(offers) },
  }
  rooms.set(n, room)
  return room
}

/** How many are in a set. */
const bits = Uint8Array.from({ length: 1 << 16 }, (_, set) => countBits(set))

function countBits(set: number): number {
  let count = 0
  for (let left = set; left !== 0; left &= left - 1) count += 1
  return count
}
