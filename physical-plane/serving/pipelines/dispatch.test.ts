import { array, assert as check, boolean, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pipelinesConfig } from './config.ts'
import { dispatch, type Place, type Queue, type Start } from './dispatch.ts'

const place = (id: string, freeUnits: number, over: Partial<Place> = {}): Place => ({
  id,
  freeUnits,
  isWarm: false,
  hasInputs: false,
  isHome: false,
  waitMs: 0,
  coldStartMs: 1_500,
  transferMs: 5,
  ...over,
})
const start = (configuration: number, units: number, execMs: number, cost: number): Start => ({
  configuration,
  units,
  execMs,
  restMs: 100,
  cost,
  costPerMs: 0.001 * units,
})
const queue = (over: Partial<Queue> = {}): Queue => ({
  targetMs: 2_000,
  starts: [start(1, 4, 50, 10), start(2, 2, 90, 11), start(3, 1, 160, 12)],
  minimum: start(9, 1, 400, 3),
  rounds: 0,
  ...over,
})
const told = (queued: Queue, places: readonly Place[]): string => {
  const decided = dispatch(queued, places)
  return decided.kind === 'wait'
    ? `wait ${decided.rounds}`
    : `${decided.start.configuration} on ${decided.place.id} in ${decided.endsInMs}`
}

describe('where a batch runs', () => {
  // The predecessor ran on I1, which has too little room for the best; I2 is warm; I3 has all the room and is cold.
  const worked = [place('I1', 1, { hasInputs: true }), place('I2', 2, { isWarm: true }), place('I3', 7)]

  test('the worked example: the second configuration on the warm place, as a cold start costs more than it saves', () => {
    expect(told(queue(), worked)).toBe('2 on I2 in 95')
    // In time or not.
    expect(told(queue({ targetMs: 150 }), worked)).toBe('2 on I2 in 95')
    // Where starts cost nothing the best configuration is taken where it fits.
    const free = worked.map((one) => ({ ...one, coldStartMs: 0 }))
    expect(told(queue(), free)).toBe('1 on I3 in 55')
  })

  test('the place that holds the inputs is preferred, then the warm one, the own one, the tightest, the lower id', () => {
    const warm = { isWarm: true, transferMs: 0 }
    const one = queue({ starts: [start(1, 2, 50, 10)] })
    const best = (...places: Place[]): string => told(one, places)
    expect(best(place('a', 4, warm), place('b', 7, { ...warm, hasInputs: true }))).toBe('1 on b in 50')
    expect(best(place('a', 4, { transferMs: 0, coldStartMs: 0 }), place('b', 7, warm))).toBe('1 on b in 50')
    expect(best(place('a', 4, warm), place('b', 7, { ...warm, isHome: true }))).toBe('1 on b in 50')
    expect(best(place('a', 7, warm), place('b', 3, warm))).toBe('1 on b in 50')
    expect(best(place('b', 3, warm), place('a', 3, warm))).toBe('1 on a in 50')
  })

  test('waiting counts: a busy place with the inputs may end later than a free one', () => {
    const busy = place('a', 7, { isWarm: true, hasInputs: true, waitMs: 300 })
    expect(told(queue({ targetMs: 200 }), [busy, place('b', 7, { isWarm: true })])).toBe('1 on b in 55')
  })

  test('what fits nowhere is looked at again, and takes the minimum after a few rounds', () => {
    const large = queue({ starts: [start(1, 4, 50, 10)] })
    const small = [place('a', 1, { isWarm: true })]
    expect(told(large, small)).toBe('wait 1')
    const late = { ...large, rounds: pipelinesConfig.recheckRounds }
    expect(told(late, small)).toBe('9 on a in 405')
    expect(told(late, [])).toBe(`wait ${pipelinesConfig.recheckRounds + 1}`)
    expect(dispatch(large, small).because).toBe('needs at least 4 units; the most that one place has free is 1')
  })

  test('nothing is started where it does not fit, and something is wherever it fits', () => {
    const someStart = record({
      units: integer({ min: 1, max: 7 }),
      execMs: integer({ min: 1, max: 500 }),
      cost: integer({ min: 1, max: 50 }),
    }).map(({ units, execMs, cost }) => start(units, units, execMs, cost))
    const somePlace = record({ free: integer({ min: 0, max: 7 }), isWarm: boolean(), hasInputs: boolean() })
    const targets = integer({ min: 0, max: 2_500 })
    check(
      property(array(someStart, { minLength: 1 }), array(somePlace), targets, (starts, drawn, targetMs) => {
        const places = drawn.map(({ free, ...over }, at) => place(`p${at}`, free, over))
        const decided = dispatch(queue({ starts, targetMs }), places)
        const isRoom = starts.some(({ units }) => places.some(({ freeUnits }) => units <= freeUnits))
        expect(decided.kind).toBe(isRoom ? 'start' : 'wait')
        if (decided.kind !== 'start') return
        expect(decided.start.units).toBeLessThanOrEqual(decided.place.freeUnits)
        // Nothing else would have been in time where this is not.
        const isLate = decided.endsInMs + decided.start.restMs > targetMs
        const endOf = (one: Start, at: Place): number =>
          (at.isWarm ? 0 : at.coldStartMs) + (at.hasInputs ? 0 : at.transferMs) + one.execMs + one.restMs
        const ends = starts.flatMap((one) =>
          places.filter(({ freeUnits }) => one.units <= freeUnits).map((at) => endOf(one, at)),
        )
        expect(isLate).toBe(Math.min(...ends) > targetMs)
      }),
    )
  })
})
