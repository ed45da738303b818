// Instances that come and go, in the mix that Dilu was simulated with: a fifth trains on 2 or 4 GPUs, a fifth answers with
// language models, the rest with smaller ones. One starts every second; 60 in 100 are inference that ends one to three minutes
// later, 10 in 100 training that ends after ten to fifteen. Drawn here from a seed: it is the mix, not the authors' draws.
import type { Demand, DemandKind, Share } from '#physical-plane/gpu-sharing/placement/demand.ts'
import type { Random } from '#runtime/random.ts'

export const gibBytes = 2 ** 30
export const deviceMemoryBytes = 40 * gibBytes

export type Arrival =
  | { readonly atS: number; readonly kind: 'start'; readonly demand: Demand }
  | { readonly atS: number; readonly kind: 'end'; readonly holder: string }

export function drawArrivals(count: number, random: Random): readonly Arrival[] {
  const training = Math.floor(count * 0.2)
  const llm = Math.floor(count * 0.2)
  const kinds = Array.from({ length: count }, (_, number): DemandKind => {
    if (number < training) return 'training'
    return number < training + llm ? 'llm-inference' : 'inference'
  })
  const demands = shuffled(kinds, random).map((kind, number) => draw(kind, `i-${number}`, random))
  const starts = demands.map((demand, atS): Arrival => ({ atS, kind: 'start', demand }))
  const of = (trains: boolean): readonly number[] =>
    [...demands.keys()].filter((number) => (demands[number]!.kind === 'training') === trains)
  const endings = [
    ...ends(demands, of(false), Math.floor(count * 0.6), { leastMin: 1, mostMin: 3 }, random),
    ...ends(demands, of(true), Math.floor(count * 0.1), { leastMin: 10, mostMin: 15 }, random),
  ]
  // The sort is stable: a start comes before an end of the same second.
  return [...starts, ...endings].sort((a, b) => a.atS - b.atS)
}

function ends(
  demands: readonly Demand[],
  candidates: readonly number[],
  count: number,
  { leastMin, mostMin }: { readonly leastMin: number; readonly mostMin: number },
  random: Random,
): readonly Arrival[] {
  return shuffled(candidates, random)
    .slice(0, count)
    .map((number) => {
      const minutes = leastMin + random.integer(mostMin - leastMin + 1)
      return { atS: number + 60 * minutes, kind: 'end', holder: demands[number]!.holder }
    })
}

function draw(kind: DemandKind, holder: string, random: Random): Demand {
  const own = { holder, functionId: holder, kind, mayBeSplit: true }
  switch (kind) {
    case 'training': {
      const devices = random.integer(2) === 0 ? 2 : 4
      return {
        ...own,
        devices,
        share: share({ from: 400, to: 800 }, { from: 600, to: 1_000 }, 25 + 5 * random.integer(4)),
      }
    }
    case 'inference':
      return { ...own, devices: 1, share: share({ from: 200, to: 400 }, { from: 300, to: 600 }, 3 + random.integer(8)) }
    case 'llm-inference': {
      const requestMilli = uniform(400, 600)
      const limitMilli = uniform(requestMilli + 200, 800)
      return {
        ...own,
        devices: 1,
        share: { requestMilli, limitMilli, memoryBytes: (20 + random.integer(11)) * gibBytes },
      }
    }
  }

  function uniform(from: number, to: number): number {
    return Math.round((from + (to - from) * random.next()) / 10) * 10
  }

  function share(request: Range, limit: Range, memoryGib: number): Share {
    const requestMilli = uniform(request.from, request.to)
    const limitMilli = Math.max(requestMilli + 200, uniform(limit.from, limit.to))
    return { requestMilli, limitMilli, memoryBytes: memoryGib * gibBytes }
  }
}

type Range = { readonly from: number; readonly to: number }

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const result = [...values]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = random.integer(last + 1)
    ;[result[last], result[other]] = [result[other]!, result[last]!]
  }
  return result
}
