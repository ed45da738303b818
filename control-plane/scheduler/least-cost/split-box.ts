// Where a box is split in parts that hold the same plans together: where its best handout was given away most. That is at the
// handout's own longest move, heaviest load or number of places, at half the time, or by the place where contributions
// meet; and where nothing was given away, by whether a region's data goes where it went.
import type { Box, BoxPrices } from './box-prices.ts'
import type { Kept, Terms } from './terms.ts'

/** None where there is nothing to split. */
export function splitBox(terms: Terms, prices: BoxPrices, box: Box, kept: Kept, sets: Int32Array): readonly Box[] {
  const valueOf = (each: Box): number => prices.valueOf(each, kept, sets)
  const before = valueOf(box)
  const ways = [...byMove(terms, box, kept, sets), ...byLoad(terms, box, kept, sets)]
  ways.push(...byOutside(prices.outsideOf(box, kept, sets), box))
  ways.push(...byPlaces(terms, box, kept, sets), ...byTime(box), ...byHub(terms, box, kept, sets))
  // Of each way, how much more the handout is worth in the part of them where it is worth least; less for each of many parts,
  // because all that is split later is split in each of them.
  const gains = ways.map(({ parts, holding }) => ({
    parts,
    gain: (Math.min(...holding.map(valueOf)) - before) / Math.sqrt(parts.length),
  }))
  const best = gains.toSorted((a, b) => b.gain - a.gain)[0]
  if (best !== undefined && best.gain > before * 1e-4) return best.parts
  return byWay(terms, box, kept, sets)
}

type Way = {
  readonly parts: readonly Box[]
  /** Those that the handout may be in. */
  readonly holding: readonly Box[]
}

function byMove({ moveSeconds, givenSeconds, samples }: Terms, box: Box, kept: Kept, sets: Int32Array): Way[] {
  const longest = kept.places.reduce(
    (most, p, k) => (sets[k] === 0 ? most : Math.max(most, moveSeconds[p * samples.length + sets[k]!]!)),
    givenSeconds,
  )
  if (longest <= box.moveFrom) return []
  const longer = { ...box, moveFrom: longest }
  return [{ parts: [{ ...box, moveUntil: below(longest) }, longer], holding: [longer] }]
}

function byLoad({ stays, samples }: Terms, box: Box, kept: Kept, sets: Int32Array): Way[] {
  const heaviest = kept.places.reduce((most, p, k) => Math.max(most, stays[p]! + samples[sets[k]!]!), 0)
  if (heaviest <= box.loadFrom) return []
  const heavier = { ...box, loadFrom: heaviest }
  return [{ parts: [{ ...box, loadUntil: below(heaviest) }, heavier], holding: [heavier] }]
}

function byOutside(longest: number, box: Box): Way[] {
  if (longest <= box.outsideFrom) return []
  const longer = { ...box, outsideFrom: longest }
  return [{ parts: [{ ...box, outsideUntil: below(longest) }, longer], holding: [longer] }]
}

function byPlaces({ stays }: Terms, box: Box, kept: Kept, sets: Int32Array): Way[] {
  const count = kept.places.reduce((sum, p, k) => sum + (stays[p]! > 0 || sets[k] !== 0 ? 1 : 0), 0)
  if (count <= box.placesFrom || box.hub === 'nowhere') return []
  const more = { ...box, placesFrom: count }
  return [{ parts: [{ ...box, placesUntil: count - 1 }, more], holding: [more] }]
}

function byTime(box: Box): Way[] {
  const { secondsFrom, secondsUntil } = box
  if (secondsUntil <= secondsFrom * 1.001 || secondsUntil === Number.POSITIVE_INFINITY) return []
  const middle = secondsFrom > 0 ? Math.sqrt(secondsFrom * secondsUntil) : secondsUntil / 2
  const parts = [
    { ...box, secondsUntil: middle },
    { ...box, secondsFrom: middle },
  ]
  return [{ parts, holding: parts }]
}

function byHub({ stays }: Terms, box: Box, kept: Kept, sets: Int32Array): Way[] {
  if (box.hub !== 'somewhere') return []
  const parts = [...kept.places].map((hub): Box => ({ ...box, hub }))
  const holding = parts.filter((_, k) => sets[k] !== 0 || stays[kept.places[k]!]! > 0)
  return [{ parts, holding }]
}

/** The first region whose data is not sent yet. */
function byWay({ movable }: Terms, box: Box, kept: Kept, sets: Int32Array): readonly Box[] {
  const data = movable.findIndex((_, d) => !box.sent.some((way) => way.data === d))
  if (data < 0) return []
  const place = kept.places[sets.findIndex((set) => ((set >> data) & 1) === 1)]!
  const way = { data, place }
  return [
    { ...box, sent: [...box.sent, way] },
    { ...box, kept: [...box.kept, way] },
  ]
}

function below(value: number): number {
  return value * (1 - 1e-9)
}
