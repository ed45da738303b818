// A baseline: all data in one region, on every unit there. Of the regions that all data may go to, the one where that is
// cheapest.
import type { Reason } from '#control-plane/model/plan.ts'
import { describeUnits, figure, throughputOf, type Candidate, type Place, type Policy, type Problem } from './policy.ts'
import { everyUnit } from './use-everything.ts'

export const singleRegion: Policy = (problem) => {
  const { data, places, estimate } = problem
  const possible = places.filter(({ region }) => data.every((each) => each.places.includes(region)))
  const plans = possible.map((place) => ({ place, forecast: estimate(allIn(problem, place)) }))
  const [best, ...others] = plans.toSorted((a, b) => a.forecast.totalUsd - b.forecast.totalUsd)
  if (best === undefined) return { kind: 'none', reasons: data.map(staysApart), alternatives: [] }
  const { place } = best
  const units = everyUnit(place)
  const samplesPerSecond = throughputOf(place, units)
  const text = `${place.region} takes ${describeUnits(place, units)} for all data: ${figure(samplesPerSecond)} samples/s`
  const dataRegions = data.map(({ region }) => region)
  return {
    kind: 'chosen',
    choices: [{ place: place.region, dataRegions, units, rule: 'single-region', text, figures: { samplesPerSecond } }],
    exchange: null,
    refused: others.map(({ place: { region }, forecast }): Reason => {
      const dearer = `all data in ${region} would cost $${figure(forecast.totalUsd)}, $${figure(best.forecast.totalUsd)} in ${place.region}`
      return { region, chosen: false, rule: 'dearer', text: dearer, figures: { totalUsd: forecast.totalUsd } }
    }),
    alternatives: [],
    bound: null,
  }
}

function allIn({ data }: Problem, place: Place): Candidate {
  const dataRegions = data.map(({ region }) => region)
  return { partitions: [{ place: place.region, dataRegions, units: everyUnit(place) }], exchange: null }
}

function staysApart({ region, places }: Problem['data'][number]): Reason {
  const text = `no region may have all data: that of ${region} may only be in ${places.join(', ')}`
  return { region, chosen: false, rule: 'data-stays-apart', text, figures: {} }
}
