// How fast the partitions of a job train together, as the forecast has it: each at the speed of its units, all slowed down
// alike where the wire takes longer than that or nobody computes while it is busy. Pure.
import { exchangeBytes, sendsPerRound, type Links } from '#control-plane/scheduler/exchange.ts'
import { trafficOf, type Flow } from '#control-plane/scheduler/traffic.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Exchange, ModelSize, Partition } from '#control-plane/model/plan.ts'
import { withExchange } from '#control-plane/model/with-exchange.ts'
import { strategies } from '#proto/sync/strategies.ts'

export type Working = {
  readonly name: string
  readonly place: string
  readonly samplesLeft: number
  /** Of its units alone; above 0. */
  readonly samplesPerSecond: number
}

export type Course = {
  /** What each makes of its speed: 1 where the wire costs no time. */
  readonly pace: number
  /** Bytes per second. */
  readonly flows: readonly Flow[]
  /** What the last exchange sends, and how long it takes. */
  readonly last: { readonly flows: readonly Flow[]; readonly seconds: number }
}

export type CourseInput = {
  readonly spec: JobSpec
  readonly exchange: Exchange | null
  readonly links: Links
  /** Null: nothing is known of the wire, so it is free. */
  readonly modelSize: ModelSize | null
  readonly working: readonly Working[]
}

const alone: Course = { pace: 1, flows: [], last: { flows: [], seconds: 0 } }

export function courseOf({ spec, exchange, links, modelSize, working }: CourseInput): Course {
  if (working.length < 2 || modelSize === null) return alone
  const partitions = working.map(partitionOf).sort((a, b) => (a.region < b.region ? -1 : 1))
  const once = { ...spec, training: { ...spec.training, epochs: 1 } }
  const traffic = trafficOf({ spec: once, partitions, exchange, links, modelSize })
  if (traffic === null) return alone
  const computeSeconds = Math.max(...partitions.map(({ loadPower }) => 1 / loadPower))
  const { trainingSeconds, during, outsideSeconds } = traffic
  const after = traffic.flows.filter((flow) => !during.includes(flow))
  return {
    pace: Math.min(1, computeSeconds / trainingSeconds),
    flows: during.map((flow) => ({ ...flow, bytes: flow.bytes / trainingSeconds })),
    last: { flows: after, seconds: outsideSeconds },
  }
}

function partitionOf({ name, place, samplesLeft, samplesPerSecond }: Working): Partition {
  return {
    region: name,
    place,
    moves: 0,
    samples: samplesLeft,
    dataRegions: [name],
    allocations: [],
    loadPower: samplesPerSecond / samplesLeft,
  }
}

/** Rounds of one partition behind so many bytes of all of them, as what is measured of a job takes them to be. */
export function roundsBehind(
  { sync: given }: JobSpec,
  exchange: Exchange | null,
  { updateBytes }: ModelSize,
  partitions: number,
  bytes: number,
): number {
  const sync = withExchange(given, exchange)
  const parts = strategies.get(sync.strategy)?.parts(sync)
  if (parts === undefined || partitions < 2) return 0
  const whole = exchangeBytes(updateBytes / 4, sync.codec, sync, parts)
  const fragments = parts.membership === 'rounds' ? sync.fragments : 1
  return (bytes * fragments) / (whole * sendsPerRound(parts, sync, partitions) * partitions)
}
