// What a plan says of each region: what is taken there and what it does, or what it would have cost.
import type { Reason } from '#control-plane/model/plan.ts'
import { describeUnits, figure, throughputOf, type Choice, type Place, type Problem } from '../policy.ts'
import type { Found } from './search-times.ts'
import { usdOf } from './staircase.ts'

export function choicesOf(problem: Problem, { candidate }: Found): readonly Choice[] {
  const epochSeconds = candidate.partitions.map(({ place, dataRegions, units }) => {
    return samplesOf(problem, dataRegions) / throughputOf(placeOf(problem, place), units)
  })
  const slowest = Math.max(...epochSeconds)
  return candidate.partitions.map((partition, i): Choice => {
    const { place, dataRegions, units } = partition
    const offer = placeOf(problem, place)
    const samplesPerSecond = throughputOf(offer, units)
    const usdPerHour = usdOf(offer, units)
    const moved = dataRegions.filter((region) => region !== place)
    const isSlowest = epochSeconds[i] === slowest
    const text =
      `${place} takes ${describeUnits(offer, units)} for $${figure(usdPerHour)}/h: ${figure(samplesPerSecond)} samples/s, ` +
      `an epoch in ${figure(epochSeconds[i]!)} s${isSlowest ? ', which bounds it' : ''}` +
      (moved.length === 0 ? '' : `; with the data of ${moved.join(', ')}, moved here`)
    const figures = { usdPerHour, samplesPerSecond, epochSeconds: epochSeconds[i]! }
    return { ...partition, rule: isSlowest ? 'bounds-the-epoch' : 'keeps-up', text, figures }
  })
}

/** Places that have data or could have been given some, and were not taken. */
export function notTaken(problem: Problem, { candidate }: Found): readonly Reason[] {
  const taken = new Map(candidate.partitions.flatMap(({ place, dataRegions }) => dataRegions.map((of) => [of, place])))
  const used = new Set(candidate.partitions.map(({ place }) => place))
  const left = problem.data.filter(({ region }) => !used.has(region)).map(({ region }) => region)
  const others = problem.places.map(({ region }) => region).filter((region) => !used.has(region))
  return [...new Set([...left, ...others])].sort().map((region): Reason => {
    const place = problem.places.find((each) => each.region === region)
    const to = taken.get(region)
    const usdPerMillion = place === undefined ? null : usdPerMillionSamples(place)
    const figures = usdPerMillion === null ? {} : { usdPerMillionSamples: usdPerMillion }
    const costs = usdPerMillion === null ? '' : `a million samples cost $${figure(usdPerMillion)} here`
    if (to !== undefined) {
      const there = usdPerMillionSamples(placeOf(problem, to))
      const text =
        `${region}: its data is trained on in ${to}, where a million samples cost $${figure(there)}` +
        (costs === '' ? `; ${region} has no units for it` : `; ${costs}`)
      return { region, chosen: false, rule: 'data-moved', text, figures }
    }
    const text = `${region} would cost more or take longer: ${costs}, and all data would have to be moved here`
    return { region, chosen: false, rule: 'not-better', text, figures }
  })
}

/** On the cheapest units of the place. */
function usdPerMillionSamples({ devices }: Place): number {
  const each = devices.map(({ usdPerUnitHour, samplesPerSecondPerUnit }) => usdPerUnitHour / samplesPerSecondPerUnit)
  return (Math.min(...each) / 3600) * 1e6
}

function placeOf({ places }: Problem, region: string): Place {
  return places.find((place) => place.region === region)!
}

function samplesOf({ data }: Problem, regions: readonly string[]): number {
  return data.filter(({ region }) => regions.includes(region)).reduce((sum, { samples }) => sum + samples, 0)
}
