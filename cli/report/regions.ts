// One region's part: its data and how much of it was used, what it sent, how long it waited, how often it was missing.
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { enumWord } from '../json.ts'
import { devicesText } from '../render/plan.ts'
import { weight } from '../render/rounds.ts'
import type { JobHistory } from './job-history.ts'

export type RegionReport = {
  /** The name of its partition. */
  readonly region: string
  /** Where it runs, or ran last: another region once it was moved. */
  readonly place: string
  /** For example "2 × nvidia-t4@spot"; '' without a plan. */
  readonly devices: string
  /** Regions whose data it trains on. */
  readonly dataRegions: readonly string[]
  /** Share of the job's samples, 0 to 1. */
  readonly dataShare: number
  readonly phase: string
  readonly samplesDone: number
  readonly samplesTotal: number
  readonly steps: number
  readonly rounds: number
  /** Rounds in which others went on without this region. */
  readonly absentRounds: number
  /** Why, the most frequent first; reasons that differ only in numbers are one, in the words of the last. */
  readonly absences: readonly { readonly why: string; readonly rounds: number }[]
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly stallSeconds: number
  /** Null where the region did not say. */
  readonly stallShare: number | null
  readonly stalenessSteps: number
  readonly codecError: number
  readonly restarts: number
  readonly isPruned: boolean
  readonly modelHash: string
  readonly costUsd: number
}

/** In ascending order of name: where data is trained on, and any other region that took part. */
export function regionReports(history: JobHistory): readonly RegionReport[] {
  const { job } = history
  const homeOf = homes(job)
  const withData = (job.spec?.shards ?? []).map(({ region }) => homeOf.get(region) ?? region)
  const others = (job.progress?.partitions ?? []).map(({ region }) => region)
  return [...new Set([...withData, ...others])].sort().map((region) => regionReport(history, region))
}

/** The partition that trains on a region's data, by that region: another region's where the plan has moved it. */
function homes({ plan }: JobHistory['job']): ReadonlyMap<string, string> {
  const partitions = plan?.partitions ?? []
  return new Map(partitions.flatMap(({ region, dataRegions }) => dataRegions.map((from) => [from, region] as const)))
}

function regionReport({ job, cost, rounds, events }: JobHistory, region: string): RegionReport {
  const shards = job.spec?.shards ?? []
  const samplesAll = shards.reduce((total, { samples }) => total + samples, 0)
  const homeOf = homes(job)
  const own = shards.filter((shard) => (homeOf.get(shard.region) ?? shard.region) === region)
  const samplesHere = own.reduce((total, { samples }) => total + samples, 0)
  const planned = job.plan?.partitions.find((each) => each.region === region)
  const place = planned?.place || region
  const partition = job.progress?.partitions.find((each) => each.region === region)
  const totals = job.progress?.roundTotals.find((each) => each.region === region)
  const happened = events.filter(({ instanceId }) => regionOfInstance(job.id, instanceId, [region]) === region)
  const absences = absencesOf(rounds, region)
  return {
    region,
    place,
    devices: planned === undefined ? '' : devicesText(planned.allocations),
    dataRegions: [...new Set(own.map((shard) => shard.region))].sort(),
    dataShare: samplesAll > 0 ? samplesHere / samplesAll : 0,
    phase: partition === undefined ? 'not started' : enumWord(partition.phase),
    samplesDone: partition?.samplesDone ?? 0,
    samplesTotal: samplesHere * (job.spec?.training?.epochs ?? 1),
    steps: partition?.steps ?? 0,
    rounds: totals?.rounds ?? 0,
    absentRounds: absences.reduce((total, { rounds: each }) => total + each, 0),
    absences,
    bytesSent: partition?.wanBytesSent ?? totals?.bytesSent ?? 0,
    bytesReceived: totals?.bytesReceived ?? 0,
    stallSeconds: totals?.stallSeconds ?? 0,
    stallShare: partition?.sync?.stallShare ?? null,
    stalenessSteps: meanOf(rounds, region, ({ stalenessSteps }) => stalenessSteps),
    codecError: meanOf(rounds, region, ({ codecError }) => codecError),
    restarts: happened.filter(({ kind, attempt }) => kind === 'started' && attempt > 1).length,
    // Not the event: a resumed job has all of its regions again.
    isPruned: job.prunedRegions.includes(region),
    modelHash: partition?.modelHash ?? '',
    costUsd: cost.regions.find((each) => each.region === place)?.totalUsd ?? 0,
  }
}

/** As the region that counted most of them tells it: each one only saw the rounds in which it was itself. */
function absencesOf(rounds: readonly Round__Output[], region: string): RegionReport['absences'] {
  const naming = rounds.filter(({ absent }) => absent[region] !== undefined)
  const told = [...Map.groupBy(naming, (round) => round.region).values()].map((records) => {
    const byKind = Map.groupBy(records, (record) => reasonKind(record.absent[region] ?? ''))
    return [...byKind.values()].map((alike) => ({
      why: alike.at(-1)?.absent[region] ?? '',
      rounds: alike.reduce((total, round) => total + absentIn(round, region), 0),
    }))
  })
  const count = (absences: RegionReport['absences']): number => absences.reduce((total, each) => total + each.rounds, 0)
  const most = told.toSorted((a, b) => count(b) - count(a))[0] ?? []
  return most.toSorted((a, b) => b.rounds - a.rounds)
}

/** "silent for 5.2 s" and "silent for 6.1 s" are the same reason. */
export function reasonKind(why: string): string {
  return why.replaceAll(/\d+(\.\d+)?/g, '#')
}

/** In how many of the rounds that a record stands for a region was absent. */
export function absentIn(round: Round__Output, region: string): number {
  if (round.absent[region] === undefined) return 0
  return Math.min(weight(round), round.absentRounds[region] ?? 1)
}

function meanOf(rounds: readonly Round__Output[], region: string, value: (round: Round__Output) => number): number {
  const own = rounds.filter((round) => round.region === region)
  const total = own.reduce((count, round) => count + weight(round), 0)
  return total === 0 ? 0 : own.reduce((all, round) => all + value(round) * weight(round), 0) / total
}

/** Instances are named job/region/role; a region's name may hold a slash itself. Empty when it is none of these. */
export function regionOfInstance(jobId: string, instanceId: string, regions: readonly string[]): string {
  return regions.find((region) => `${instanceId}/`.startsWith(`${jobId}/${region}/`)) ?? ''
}
