// What a job sends over the WAN from its first parameters to its final model, and how long training takes with it.
// Where regions do not wait for each other, or for the round under way, the wire overlaps with compute and only bounds it
// (the larger counts); in blocking rounds it adds. A round waits for the slowest region that still has samples.
import { chooseExchange, type Choice } from '#proto/sync/choose-exchange.ts'
import { fragmentsWithin, paceSeconds, stepsPerRound } from '#proto/sync/proportional-steps.ts'
import type { CodecName, SyncSettings } from '#proto/sync/settings.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Exchange, ModelSize, Partition } from '#control-plane/model/plan.ts'
import { withExchange } from '#control-plane/model/with-exchange.ts'
import {
  allPairs,
  commitsPerInterval,
  exchangeBytes,
  roundPairs,
  roundSeconds,
  transferSeconds,
  type Links,
  type Pair,
} from './exchange.ts'

export type Flow = Pair & { readonly bytes: number }

export type Traffic = {
  readonly flows: readonly Flow[]
  /** Those of them that go on while training does; the others are sent before and after. */
  readonly during: readonly Flow[]
  /** Until the last region has used its samples. */
  readonly trainingSeconds: number
  /** First parameters out of the lowest region, and the final model everywhere: nothing overlaps with these. */
  readonly outsideSeconds: number
}

export type TrafficInput = {
  readonly spec: JobSpec
  /** Ascending by region. */
  readonly partitions: readonly Partition[]
  /** What the plan lays down; null where the strategy decides. */
  readonly exchange: Exchange | null
  readonly links: Links
  readonly modelSize: ModelSize
}

/** Null for a strategy that does not exist. */
export function trafficOf(given: TrafficInput): Traffic | null {
  const input = { ...given, spec: { ...given.spec, sync: withExchange(given.spec.sync, given.exchange) } }
  const parts = strategies.get(input.spec.sync.strategy)?.parts(input.spec.sync)
  if (parts === undefined) return null
  const paces = input.partitions.map((partition) => paceOf(input, partition))
  const expected = expectedOf(input, parts, paces)
  const middle =
    parts.membership === 'rounds'
      ? inRounds(input, parts, paces, expected)
      : independently(input, parts, paces, expected)
  const places = input.partitions.map(({ place }) => place)
  const outside = outsideOf(places, parts, input.links, input.modelSize.updateBytes, hubOf(input))
  return {
    flows: [...middle.flows, ...outside.flows],
    during: middle.flows,
    trainingSeconds: middle.seconds,
    outsideSeconds: outside.seconds,
  }
}

/** The first parameters out of the lowest region, and the final model everywhere. */
export function outsideOf(
  places: readonly string[],
  { membership }: Parts,
  links: Links,
  bytes: number,
  hub: string | undefined,
): Middle {
  const [from, ...others] = places
  const first = others.map((to) => ({ from: from!, to }))
  const last = membership === 'rounds' ? roundPairs(places, hub) : allPairs(places)
  const alone = (pairs: readonly Pair[]): number =>
    Math.max(0, ...pairs.map((pair) => transferSeconds(links, pair, bytes)))
  const lastSeconds = membership === 'rounds' ? roundSeconds(places, links, bytes, hub) : alone(last)
  return { flows: [...first, ...last].map((pair) => ({ ...pair, bytes })), seconds: alone(first) + lastSeconds }
}

/** Where contributions meet: as the plan says, else in the lowest region. */
function hubOf({ exchange, partitions }: TrafficInput): string | undefined {
  const planned = partitions.find(({ region }) => region === exchange?.hub) ?? partitions[0]
  return planned?.place
}

/** Of the partition that runs in `place`. */
type Pace = { readonly place: string; readonly steps: number; readonly stepsPerSecond: number }

export type Middle = { readonly flows: readonly Flow[]; readonly seconds: number }

function paceOf({ spec, modelSize }: TrafficInput, { place, samples, loadPower }: Partition): Pace {
  const { samplesPerStep } = modelSize
  return {
    place,
    steps: (spec.training.epochs * samples) / samplesPerStep,
    stepsPerSecond: (loadPower * samples) / samplesPerStep,
  }
}

/** A round exchanges one of the fragments. */
export type Expected = Pick<Choice, 'codec' | 'fragments' | 'steps'>

/** Where interval and codec adapt, what the parameter server will choose once it has measured what the catalogue says. */
function expectedOf(input: TrafficInput, parts: Parts, paces: readonly Pace[]): Expected {
  const { sync } = input.spec
  const { interval, codec } = sync
  const elements = elementsOf(input)
  const speeds = paces.map(({ stepsPerSecond }) => stepsPerSecond)
  const stepSeconds = paceSeconds(speeds, sync.pacing)
  if (input.exchange !== null) return laidDown(input.exchange, elements)
  if (parts.when === 'fixed-interval' || stepSeconds === null) {
    const fragments = fragmentsWithin(sync.fragments, Math.min(interval, elements))
    return { codec, fragments, steps: stepsPerRound(interval, fragments) }
  }
  const places = paces.map(({ place }) => place)
  const hub = hubOf(input)
  const exchangeSeconds = (bytes: number): number => roundSeconds(places, input.links, bytes, hub)
  const { isOverlapped } = parts
  return chooseExchange(sync, { isOverlapped, elements, stepSeconds, exchangeSeconds, standing: null })
}

export function laidDown({ codec, interval, fragments: asked }: Exchange, elements: number): Expected {
  const fragments = fragmentsWithin(asked, Math.min(interval, elements))
  return { codec: codec as CodecName, fragments, steps: stepsPerRound(interval, fragments) }
}

/** The last, shorter interval is sent too. */
function independently(input: TrafficInput, parts: Parts, paces: readonly Pace[], expected: Expected): Middle {
  const bytes = exchangeBytes(elementsOf(input), expected.codec, input.spec.sync, parts)
  const peers = paces.length - 1
  // Gossip reaches each peer in turn.
  const share = parts.apply === 'mass-mean' ? 1 / Math.max(1, peers) : 1
  const places = paces.map(({ place }) => place)
  const courses = paces.map(({ place, steps, stepsPerSecond }) => {
    const exchanges = Math.ceil(steps / (expected.steps * expected.fragments))
    const out = allPairs(places).filter(({ from }) => from === place)
    const slowest = Math.max(0, ...out.map((pair) => transferSeconds(input.links, pair, bytes)))
    return {
      flows: out.map((pair) => ({ ...pair, bytes: exchanges * share * bytes })),
      seconds: Math.max(steps / stepsPerSecond, exchanges * slowest),
    }
  })
  return {
    flows: courses.flatMap(({ flows }) => flows),
    seconds: Math.max(0, ...courses.map(({ seconds }) => seconds)),
  }
}

function inRounds(input: TrafficInput, parts: Parts, paces: readonly Pace[], expected: Expected): Middle {
  const { sync } = input.spec
  const bytes = exchangeBytes(elementsOf(input), expected.codec, sync, parts)
  const places = paces.map(({ place }) => place)
  const hub = hubOf(input)
  const commits = commitsPerInterval(parts, sync, places.length)
  const wireSeconds = commits * roundSeconds(places, input.links, bytes, hub)
  const { seconds, models } = courseOf(paces, expected, sync.pacing, parts.isOverlapped ? wireSeconds : null)
  const exchanges = Math.ceil(models - 1e-9)
  // Of more than two regions the hub sends the result of every commit.
  const timesOf = ({ from }: Pair): number => (places.length > 2 && from === hub ? commits : 1)
  return {
    flows: roundPairs(places, hub).map((pair) => ({ ...pair, bytes: timesOf(pair) * exchanges * bytes })),
    seconds: parts.isOverlapped ? seconds : seconds + exchanges * wireSeconds,
  }
}

/**
 * Until the last region has used its samples, and how many whole models were exchanged by then. The fastest region that still
 * trains makes the steps of the interval, and the others as many as they can meanwhile, which may be less than one for a
 * round; with even pacing the slowest sets the time. Where nobody waits for a round (`wireSeconds`, else null), each region
 * ends when its steps are made.
 */
function courseOf(
  paces: readonly Pace[],
  expected: Expected,
  pacing: SyncSettings['pacing'],
  wireSeconds: number | null,
): { readonly seconds: number; readonly models: number } {
  const stepsPerModel = expected.steps * expected.fragments
  let left = paces.filter(({ steps }) => steps > 0)
  let seconds = 0
  let models = 0
  while (left.length > 0) {
    const secondsPerModel =
      stepsPerModel *
      paceSeconds(
        left.map(({ stepsPerSecond }) => stepsPerSecond),
        pacing,
      )!
    const stepsMade = ({ stepsPerSecond }: Pace): number =>
      pacing === 'even' && wireSeconds === null ? stepsPerModel : stepsPerSecond * secondsPerModel
    const more = Math.min(...left.map((pace) => pace.steps / stepsMade(pace)))
    seconds += more * Math.max(secondsPerModel, wireSeconds ?? 0)
    models += more
    left = left.flatMap((pace): Pace[] => {
      const steps = pace.steps - more * stepsMade(pace)
      // Who ends now ends, whatever rounding says.
      return steps <= pace.steps * 1e-12 ? [] : [{ ...pace, steps }]
    })
  }
  return { seconds, models }
}

function elementsOf({ modelSize }: TrafficInput): number {
  return modelSize.updateBytes / 4
}
