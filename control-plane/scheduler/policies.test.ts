// What every policy must keep to, and how the baselines choose.
import { describe, expect, test } from 'vitest'
import { plainClass } from '#control-plane/model/device-class.ts'
import { randomProblem } from './least-cost/random-problem.fixture.ts'
import { policies } from './policies.ts'
import type { Decision, Place, Problem } from './policy.ts'
import type { JobProblem } from './problem.ts'

const seeds = Array.from({ length: 150 }, (_, seed) => seed)
const problems = seeds.map((seed) => randomProblem(seed, { regions: 3, classes: 3, units: 6 }))

function decide(name: string, problem: Problem): Decision {
  return policies.get(name)!(problem)
}

describe.each([...policies.keys()])('%s', (name) => {
  test('takes no more than there is, and puts data only where it may be', () => {
    for (const problem of problems) {
      const decision = decide(name, problem)
      if (decision.kind === 'none') continue
      const trained = decision.choices.flatMap(({ dataRegions }) => dataRegions).sort()
      expect(trained).toEqual(problem.data.map(({ region }) => region))
      for (const { place, dataRegions, units } of decision.choices) checkChoice(problem, place, dataRegions, units)
      expect(decision.choices.map(({ place }) => place)).toEqual(decision.choices.map(({ place }) => place).toSorted())
    }
  })
})

function checkChoice(
  { data, places }: JobProblem,
  name: string,
  dataRegions: readonly string[],
  units: ReadonlyMap<string, number>,
): void {
  const place = places.find(({ region }) => region === name)!
  const counts = [...units.values()]
  expect(counts.every((count) => Number.isInteger(count) && count >= 0)).toBe(true)
  for (const [key, count] of units) {
    expect(count).toBeLessThanOrEqual(place.devices.find((device) => device.key === key)!.unitsFree)
  }
  const sum = counts.reduce((all, count) => all + count, 0)
  expect(sum).toBeGreaterThanOrEqual(1)
  expect(sum).toBeLessThanOrEqual(place.unitsMax)
  for (const region of dataRegions) expect(data.find((each) => each.region === region)!.places).toContain(name)
}

test('least-cost is never dearer than a baseline that is as quick as it has to be', () => {
  let compared = 0
  for (const problem of problems) {
    if (problem.objective.kind !== 'least-cost') continue
    const best = decide('least-cost', problem)
    if (best.kind === 'none') continue
    const forecast = problem.estimate({ partitions: best.choices, exchange: best.exchange })
    const fastest = best.alternatives.find(({ name }) => name === 'fastest')!.forecast!
    for (const name of policies.keys()) {
      const other = decide(name, problem)
      if (other.kind === 'none') continue
      const theirs = problem.estimate({ partitions: other.choices, exchange: best.exchange })
      if (theirs.seconds > Math.min(fastest.seconds, forecast.seconds) * (1 + problem.objective.slack)) continue
      compared += 1
      expect(forecast.totalUsd).toBeLessThanOrEqual(theirs.totalUsd * (1 + 1e-9))
    }
  }
  expect(compared).toBeGreaterThan(50)
})

describe('baselines', () => {
  const place = (region: string, ...devices: readonly (readonly [string, number, number, number])[]): Place => ({
    region,
    unitsMax: devices.reduce((sum, [, units]) => sum + units, 0),
    devices: devices.map(([model, unitsFree, samplesPerSecondPerUnit, usdPerUnitHour]) => ({
      ...plainClass(model),
      key: model,
      unitsFree,
      samplesPerSecondPerUnit,
      usdPerUnitHour,
      lossesPerHour: 0,
    })),
  })
  const base = problems[0]!
  const problem = (
    places: readonly Place[],
    data: Readonly<Record<string, readonly [number, readonly string[]]>>,
  ): Problem => ({
    ...base,
    places,
    data: Object.entries(data).map(([region, [samples, allowed]]) => ({ region, samples, bytes: 1, places: allowed })),
    estimate: ({ partitions }) => {
      const usd = partitions.map(({ place: name, units }) => {
        const offer = places.find(({ region }) => region === name)!
        return offer.devices.reduce((sum, device) => sum + (units.get(device.key) ?? 0) * device.usdPerUnitHour, 0)
      })
      const totalUsd = usd.reduce((sum, each) => sum + each, 0)
      return { ...anyForecast, totalUsd }
    },
  })
  const anyForecast = base.estimate({ partitions: [], exchange: null })
  const taken = (decision: Decision): object =>
    decision.kind === 'none'
      ? {}
      : Object.fromEntries(decision.choices.map(({ place: name, units }) => [name, Object.fromEntries(units)]))

  test('proportional takes as many units per sample everywhere, whatever they are', () => {
    const places = [place('a', ['t4', 6, 1, 1]), place('b', ['t4', 8, 1, 1], ['v100', 2, 10, 9])]
    const of = problem(places, { a: [300, ['a']], b: [200, ['b']] })
    expect(taken(decide('proportional', of))).toEqual({ a: { t4: 6 }, b: { v100: 2, t4: 2 } })
  })

  test('single-region takes the cheapest place that all data may go to', () => {
    const places = [place('a', ['t4', 2, 1, 1]), place('b', ['t4', 2, 1, 0.5]), place('c', ['t4', 2, 1, 0.1])]
    const of = problem(places, { a: [3, ['a', 'b', 'c']], b: [2, ['a', 'b']] })
    expect(taken(decide('single-region', of))).toEqual({ b: { t4: 2 } })
    expect(decide('single-region', of)).toMatchObject({ refused: [{ region: 'a', rule: 'dearer' }] })
    const apart = decide('single-region', problem(places, { a: [3, ['a']], b: [2, ['b']] }))
    expect(apart).toMatchObject({ kind: 'none', reasons: [{ region: 'a', rule: 'data-stays-apart' }, { region: 'b' }] })
  })

  test('cheapest-gpu goes where a sample is cheapest, and stays where it is as cheap', () => {
    const places = [
      place('a', ['t4', 2, 1, 1]),
      place('b', ['t4', 2, 1, 1]),
      place('c', ['v100', 3, 10, 5], ['t4', 9, 1, 2]),
    ]
    const of = problem(places, { a: [3, ['a', 'b']], b: [2, ['b', 'c']] })
    expect(taken(decide('cheapest-gpu', of))).toEqual({ a: { t4: 2 }, c: { v100: 3 } })
  })

  test('what leaves data where it lies says so where that can not be', () => {
    const of = problem([place('b', ['t4', 1, 1, 1])], { a: [3, ['b']] })
    expect(decide('load-power', of)).toMatchObject({ kind: 'none', reasons: [{ rule: 'data-would-have-to-move' }] })
  })
})
