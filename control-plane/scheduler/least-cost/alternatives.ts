// What else was considered, and how much worse it would have been.
import type { Alternative, Forecast } from '#control-plane/model/plan.ts'
import { matchLoadPower } from '../load-power.ts'
import { figure, type CandidatePartition, type Problem, type RegionOffer } from '../policy.ts'
import { takeEverything } from '../use-everything.ts'
import type { Found } from './search-times.ts'

export function alternativesTo(problem: Problem, found: Found, fastest: Found): readonly Alternative[] {
  const { exchange } = found.candidate
  const ways: readonly (readonly [string, readonly CandidatePartition[] | null])[] = [
    ['fastest', fastest.candidate.partitions],
    ['use-everything', whereDataLies(problem, (offers) => offers.map(takeEverything))],
    ['load-power', whereDataLies(problem, matchLoadPower)],
  ]
  return ways.map(([name, partitions]): Alternative => {
    if (partitions === null) return { name, forecast: null, text: 'some data can not be trained on where it lies' }
    const forecast = problem.estimate({
      partitions,
      exchange: exchange === null ? null : hubWithin(exchange, partitions),
    })
    return { name, forecast, text: compared(forecast, found.forecast) }
  })
}

function whereDataLies(
  { data, places }: Problem,
  choose: (offers: readonly RegionOffer[]) => readonly CandidatePartition[],
): readonly CandidatePartition[] | null {
  const offers = data.flatMap(({ region, samples }): RegionOffer[] => {
    const place = places.find((each) => each.region === region)
    return place === undefined ? [] : [{ ...place, samples }]
  })
  return offers.length < data.length ? null : choose(offers)
}

function hubWithin<E extends { readonly hub: string }>(exchange: E, partitions: readonly CandidatePartition[]): E {
  const isThere = partitions.some(({ place }) => place === exchange.hub)
  return isThere ? exchange : { ...exchange, hub: partitions[0]!.place }
}

/** For example "costs 23 % more and takes as long". */
function compared(forecast: Forecast, chosen: Forecast): string {
  const cost = change(forecast.totalUsd, chosen.totalUsd, ['costs', 'more', 'less', 'costs as much'])
  const time = change(forecast.seconds, chosen.seconds, ['takes', 'longer', 'less time', 'takes as long'])
  return `${cost} and ${time}`
}

type Words = readonly [verb: string, more: string, less: string, same: string]

function change(value: number, base: number, [verb, more, less, same]: Words): string {
  const percent = base > 0 ? 100 * (value / base - 1) : 0
  if (Math.abs(percent) < 0.05) return same
  return `${verb} ${figure(Number(Math.abs(percent).toFixed(1)))} % ${percent > 0 ? more : less}`
}
