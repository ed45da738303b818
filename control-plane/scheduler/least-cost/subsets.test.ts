import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bestHandout, type Fold, type HandoutInput } from './subsets.ts'

type Case = {
  /** `prices[place * 2^n + set]`; infinite for the empty set where a place has to be given something. */
  readonly prices: Float64Array
  readonly places: number
  readonly n: number
  readonly fold: Fold
  readonly placesMax: number
  readonly anyway: readonly boolean[]
}

const price = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 20 }))

function inputOf({ prices, places, n, fold, placesMax, anyway }: Case): HandoutInput {
  const all = Array.from({ length: places }, (_, place) => [...prices.subarray(place * 2 ** n, (place + 1) * 2 ** n)])
  const sets = all.map((own) => [...own.keys()].filter((set) => set > 0 && own[set]! < Number.POSITIVE_INFINITY))
  return {
    starts: Int32Array.from({ length: places + 1 }, (_, place) => sets.slice(0, place).flat().length),
    sets: Int32Array.from(sets.flat()),
    prices: Float64Array.from(sets.flatMap((each, place) => each.map((set) => all[place]![set]!))),
    isForced: Uint8Array.from(all, (own) => (own[0] === Number.POSITIVE_INFINITY ? 1 : 0)),
    n,
    fold,
    cutoff: Number.POSITIVE_INFINITY,
    placesMax,
    countsAnyway: (place) => anyway[place]!,
  }
}

const cases: fc.Arbitrary<Case> = fc
  .record({ places: fc.integer({ min: 1, max: 5 }), n: fc.integer({ min: 1, max: 4 }) })
  .chain(({ places, n }) =>
    fc.record({
      places: fc.constant(places),
      n: fc.constant(n),
      fold: fc.constantFrom<Fold>('sum', 'max'),
      placesMax: fc.integer({ min: 0, max: 5 }),
      anyway: fc.array(fc.boolean(), { minLength: places, maxLength: places }),
      prices: fc
        .tuple(
          fc.array(price, { minLength: places * 2 ** n, maxLength: places * 2 ** n }),
          // Some places have to be given something.
          fc.array(fc.integer({ min: 0, max: 9 }), { minLength: places, maxLength: places }),
        )
        .map(([all, none]) =>
          Float64Array.from(all, (each, i) => {
            if (i % 2 ** n !== 0) return each
            return none[i / 2 ** n] === 0 ? Number.POSITIVE_INFINITY : 0
          }),
        ),
    }),
  )

/** By trying all of them. */
function bestOfAll({ prices, places, n, fold, placesMax, anyway }: Case, wanted: number): number {
  const visit = (place: number, left: number, count: number): number => {
    if (place === places) return left === 0 ? 0 : Number.POSITIVE_INFINITY
    let best = Number.POSITIVE_INFINITY
    for (let set = left; ; set = (set - 1) & left) {
      const counted = count + (set !== 0 && !anyway[place]! ? 1 : 0)
      if (counted <= placesMax) {
        const rest = visit(place + 1, left & ~set, counted)
        const own = prices[place * 2 ** n + set]!
        best = Math.min(best, fold === 'sum' ? own + rest : Math.max(own, rest))
      }
      if (set === 0) return best
    }
  }
  return visit(0, wanted, 0)
}

test('the best handout is as good as the best of all, for every set', () => {
  fc.assert(
    fc.property(cases, (given) => {
      const found = bestHandout(inputOf(given))
      for (let set = 0; set < 2 ** given.n; set++) expect(found.values[set]).toBe(bestOfAll(given, set))
    }),
  )
})

test('the sets are each region of data once, within the limit of places, and worth the value', () => {
  fc.assert(
    fc.property(cases, (input) => {
      const { sets, value } = bestHandout(inputOf(input))
      if (value === Number.POSITIVE_INFINITY) return
      const full = 2 ** input.n - 1
      expect(sets.reduce((all, set) => all + set, 0)).toBe(full)
      expect(sets.reduce((all, set) => all | set, 0)).toBe(full)
      expect(sets.filter((set, place) => set !== 0 && !input.anyway[place]).length).toBeLessThanOrEqual(input.placesMax)
      const prices = [...sets].map((set, place) => input.prices[place * 2 ** input.n + set]!)
      expect(input.fold === 'sum' ? prices.reduce((a, b) => a + b, 0) : Math.max(...prices)).toBe(value)
    }),
  )
})

test('what costs as much as the cutoff is not handed out', () => {
  const given: Case = { prices: Float64Array.of(0, 5), places: 1, n: 1, fold: 'sum', placesMax: 1, anyway: [false] }
  expect(bestHandout({ ...inputOf(given), cutoff: 5 }).value).toBe(Number.POSITIVE_INFINITY)
  expect(bestHandout({ ...inputOf(given), cutoff: 5.1 }).value).toBe(5)
})
