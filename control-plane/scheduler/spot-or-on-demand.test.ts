import { array, assert, boolean, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { spotOrOnDemand, type Capacity, type SpotSituation } from './spot-or-on-demand.ts'

/** Half of the time has gone, half of the work is done, and there is as much slack as work. */
function aSituation(fields: Partial<SpotSituation> = {}): SpotSituation {
  return {
    workSeconds: 1_000,
    leftSeconds: 500,
    secondsSinceStart: 1_000,
    secondsToDeadline: 1_000,
    changeSeconds: 10,
    now: 'none',
    isSpotThere: false,
    ...fields,
  }
}

describe('spot or on demand', () => {
  test('spot capacity that is there is taken, whatever runs now', () => {
    for (const now of ['none', 'spot', 'on-demand'] as const)
      expect(spotOrOnDemand(aSituation({ now, isSpotThere: true }))).toBe('spot')
  })

  test('without it the job waits while progress is even, and begins when it is clearly behind', () => {
    expect(spotOrOnDemand(aSituation())).toBe('none')
    // Even progress needs a pace of 0.5; three tenths of the way to 1 is 0.65.
    expect(spotOrOnDemand(aSituation({ leftSeconds: 640 }))).toBe('none')
    expect(spotOrOnDemand(aSituation({ leftSeconds: 660 }))).toBe('on-demand')
  })

  test('what was begun on demand goes on until progress is even again', () => {
    expect(spotOrOnDemand(aSituation({ now: 'on-demand', leftSeconds: 510 }))).toBe('on-demand')
    expect(spotOrOnDemand(aSituation({ now: 'on-demand', leftSeconds: 490 }))).toBe('none')
  })

  test('with the last slack it goes on demand, even away from spot capacity that is there', () => {
    expect(spotOrOnDemand(aSituation({ leftSeconds: 985, now: 'spot', isSpotThere: true }))).toBe('spot')
    expect(spotOrOnDemand(aSituation({ leftSeconds: 992, now: 'spot', isSpotThere: true }))).toBe('on-demand')
    expect(spotOrOnDemand(aSituation({ leftSeconds: 985, now: 'on-demand', isSpotThere: true }))).toBe('on-demand')
    expect(spotOrOnDemand(aSituation({ leftSeconds: 2_000 }))).toBe('on-demand')
  })

  test('with nothing left it has nothing', () => {
    expect(spotOrOnDemand(aSituation({ leftSeconds: 0, isSpotThere: true }))).toBe('none')
  })

  test('a deadline with slack for two changes is met on every trace', () => {
    assert(
      property(
        integer({ min: 1, max: 60 }),
        integer({ min: 3, max: 60 }),
        array(boolean(), { minLength: 200, maxLength: 200 }),
        (work, slack, isThere) => {
          expect(finishes(work, isThere.slice(0, work + slack))).toBe(true)
        },
      ),
    )
  })
})

/** Ticks of one second; the first one on other capacity makes no progress. */
function finishes(work: number, isThere: readonly boolean[]): boolean {
  let left = work
  let now: Capacity = 'none'
  isThere.forEach((isSpotThere, tick) => {
    if (now === 'spot' && !isSpotThere) now = 'none'
    const next = spotOrOnDemand({
      workSeconds: work,
      leftSeconds: left,
      secondsSinceStart: tick,
      secondsToDeadline: isThere.length - tick,
      changeSeconds: 1,
      now,
      isSpotThere,
    })
    if (next === now && next !== 'none') left -= 1
    now = next
  })
  return left <= 0
}
