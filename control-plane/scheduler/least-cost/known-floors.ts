// Floors are asked for again by every search of the same problem; each is reckoned once.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { Floor, Home, Problem } from '../policy.ts'

export function withKnownFloors(problem: Problem): Problem {
  const known = new Map<string, Floor>()
  const floor = (homes: readonly Home[], exchange: Exchange | null): Floor => {
    const key = keyOf(homes, exchange)
    const found = known.get(key) ?? problem.floor(homes, exchange)
    known.set(key, found)
    return found
  }
  return { ...problem, floor }
}

function keyOf(homes: readonly Home[], exchange: Exchange | null): string {
  const where = homes.map(({ place, dataRegions }) => `${place}:${dataRegions.join(',')}`).join(' ')
  return exchange === null
    ? where
    : `${where} ${exchange.interval} ${exchange.codec} ${exchange.fragments} ${exchange.hub}`
}
