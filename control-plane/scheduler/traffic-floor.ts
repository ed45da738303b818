// What crosses the WAN at least, and how long that takes at least, however many units train: a bound for whoever searches
// among plans. It follows traffic.ts, and is the same as its figures where all regions end together.
//   An exchange leaves after so many steps of the fastest region, so there are as many as any region's own steps would make.
//   Where nobody waits for a round and pacing is even, the slowest sets the pace: then only as many are sure as the region
//   with the least steps makes.
import { strategies } from '#proto/sync/strategies.ts'
import { withExchange } from '#control-plane/model/with-exchange.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Exchange, ModelSize } from '#control-plane/model/plan.ts'
import { commitsPerInterval, exchangeBytes, roundPairs, roundSeconds, transferSeconds, type Links } from './exchange.ts'
import { laidDown, outsideOf, type Flow } from './traffic.ts'

export type TrafficFloorInput = {
  readonly spec: JobSpec
  /** Ascending by place: what is trained on where, in samples of one epoch. */
  readonly homes: readonly { readonly place: string; readonly samples: number }[]
  readonly exchange: Exchange
  readonly links: Links
  readonly modelSize: ModelSize
}

export type TrafficFloor = {
  readonly flows: readonly Flow[]
  /** Training lasts at least as long as computing and this: the longer of both where they overlap, else their sum. */
  readonly wireSeconds: number
  readonly isOverlapped: boolean
  readonly outsideSeconds: number
}

/** Null for a strategy that does not exist. */
export function trafficFloor({ spec, homes, exchange, links, modelSize }: TrafficFloorInput): TrafficFloor | null {
  const sync = withExchange(spec.sync, exchange)
  const parts = strategies.get(sync.strategy)?.parts(sync)
  if (parts === undefined) return null
  const elements = modelSize.updateBytes / 4
  const { codec, fragments, steps } = laidDown(exchange, elements)
  const bytes = exchangeBytes(elements, codec, sync, parts)
  const places = homes.map(({ place }) => place)
  const hub = places.includes(exchange.hub) ? exchange.hub : places[0]
  const outside = outsideOf(places, parts, links, modelSize.updateBytes, hub)
  const stepsOf = homes.map(({ samples }) => (spec.training.epochs * samples) / modelSize.samplesPerStep)
  const perModel = steps * fragments
  if (parts.membership === 'rounds') {
    const most = Math.max(...stepsOf) / perModel
    const models = parts.isOverlapped && sync.pacing === 'even' ? Math.min(...stepsOf) / perModel : most
    const commits = commitsPerInterval(parts, sync, places.length)
    const exchanges = Math.ceil(models - 1e-9)
    const flows = roundPairs(places, hub).map((pair) => {
      const times = places.length > 2 && pair.from === hub ? commits : 1
      return { ...pair, bytes: times * exchanges * bytes }
    })
    const seconds = (parts.isOverlapped ? models : exchanges) * commits * roundSeconds(places, links, bytes, hub)
    return {
      flows: [...flows, ...outside.flows],
      wireSeconds: seconds,
      isOverlapped: parts.isOverlapped,
      outsideSeconds: outside.seconds,
    }
  }
  const share = parts.apply === 'mass-mean' ? 1 / Math.max(1, places.length - 1) : 1
  const courses = places.map((from, i) => {
    const exchanges = Math.ceil(stepsOf[i]! / perModel)
    const out = places.filter((to) => to !== from).map((to) => ({ from, to }))
    const slowest = Math.max(0, ...out.map((pair) => transferSeconds(links, pair, bytes)))
    return { flows: out.map((pair) => ({ ...pair, bytes: exchanges * share * bytes })), seconds: exchanges * slowest }
  })
  return {
    flows: [...courses.flatMap(({ flows }) => flows), ...outside.flows],
    wireSeconds: Math.max(0, ...courses.map(({ seconds }) => seconds)),
    isOverlapped: true,
    outsideSeconds: outside.seconds,
  }
}

/** What synchronisation moves wherever data is trained on. */
export type LeastTraffic = {
  readonly isOverlapped: boolean
  /** Whole models that are exchanged where some place trains so many samples of all epochs, at least. */
  readonly models: (samples: number) => number
  /** Of one whole model. */
  readonly modelBytes: number
  /** Of so many exchanges, and of the final model. */
  readonly bytes: (models: number) => number
}

/** Null where regions do not meet in rounds. `samples`: by region with data, of one epoch. */
export function leastTraffic(
  spec: JobSpec,
  exchange: Exchange,
  modelSize: ModelSize,
  samples: readonly number[],
): LeastTraffic | null {
  const sync = withExchange(spec.sync, exchange)
  const parts = strategies.get(sync.strategy)?.parts(sync)
  if (parts?.membership !== 'rounds') return null
  const elements = modelSize.updateBytes / 4
  const { codec, fragments, steps } = laidDown(exchange, elements)
  const samplesPerModel = steps * fragments * modelSize.samplesPerStep
  const { isOverlapped } = parts
  const fewest = (spec.training.epochs * Math.min(...samples)) / samplesPerModel
  const isSlowest = isOverlapped && sync.pacing === 'even'
  const modelBytes = exchangeBytes(elements, codec, sync, parts)
  return {
    isOverlapped,
    // Data that comes together only makes more steps.
    models: (count) => (isSlowest ? fewest : count / samplesPerModel),
    modelBytes,
    bytes: (models) => Math.ceil(models - 1e-9) * modelBytes + modelSize.updateBytes,
  }
}
