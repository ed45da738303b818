// What is off the plan of a running job: speeds of its partitions and links between them that differ from what was reckoned
// with for some observations in a row, devices that are gone or about to be, prices that changed. An observation of a
// partition is a round, or some steps where there are no rounds; looking again without a new one counts nothing.
import { computeSpeed } from '#control-plane/model/compute-speed.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import {
  linkKey,
  type Agent,
  type Instance,
  type PartitionProgress,
  type Snapshot,
} from '#control-plane/model/snapshot.ts'
import { tellsBandwidth } from '#control-plane/model/told-link.ts'
import type { Links } from '../exchange.ts'
import { linkOff, observationsOff, speedOff, speedWeight, stepsPerObservation, watchedPartitionsMax } from './config.ts'
import { lostDevices } from './lost-devices.ts'
import type { ElasticState, MeasuredSpeed } from './state.ts'

export type Trigger = {
  readonly kind: 'speed' | 'link' | 'units-came' | 'device-lost' | 'device-leaving' | 'price' | 'deadline' | 'budget'
  /** One sentence with the numbers. */
  readonly text: string
  /** The plan can not go on as it is. */
  readonly isForced: boolean
}

export type Observed = {
  readonly state: ElasticState
  readonly triggers: readonly Trigger[]
  /** Something went off the plan for good just now. */
  readonly isNews: boolean
}

export function observe(
  snapshot: Snapshot,
  links: Links,
  short: ReadonlyMap<string, Agent>,
  plan: Plan,
  instances: readonly Instance[],
  before: ElasticState,
): Observed {
  const off: Record<string, number> = {}
  const seen: Record<string, number> = {}
  const speeds: Record<string, MeasuredSpeed> = {}
  const triggers: Trigger[] = []
  const reckoned = Object.keys(before.links).length > 0 ? before.links : reckonedLinks(plan, links)
  let isNews = false
  const isAlone = plan.partitions.length === 1
  const placeOf = new Map(plan.partitions.map(({ region, place }) => [region, place]))
  for (const partition of plan.partitions) {
    const { region } = partition
    const own = instances.filter((instance) => instance.partition === region && !instance.isReleased)
    const progress = own.find(({ role }) => role === 'parameter-server')?.progress ?? null
    const mark = progress === null ? 0 : markOf(progress, isAlone)
    const isNew = mark > (before.seen[region] ?? -1)
    seen[region] = Math.max(mark, before.seen[region] ?? 0)
    const speed = speedOf(partition, progress, before.speeds[region], isNew)
    if (speed !== undefined) speeds[region] = speed
    for (const sight of sights(partition, progress, speed, reckoned, placeOf)) {
      const count = sight.isOff ? (before.off[sight.key] ?? 0) + (isNew ? 1 : 0) : 0
      if (count > 0) off[sight.key] = Math.min(count, observationsOff)
      if (count < observationsOff) continue
      triggers.push({ kind: sight.kind, text: sight.text(), isForced: false })
      isNews ||= (before.off[sight.key] ?? 0) < observationsOff
    }
    triggers.push(...lostDevices(short, partition, own, snapshot.nowMs))
  }
  if (plan.catalogHash !== snapshot.catalogue.hash && before.weighedHash !== snapshot.catalogue.hash) {
    const text = `prices changed from catalogue ${plan.catalogVersion} to ${snapshot.catalogue.version}`
    triggers.push({ kind: 'price', text, isForced: false })
    isNews = true
  }
  return { state: { ...before, off, seen, speeds, links: reckoned }, triggers, isNews }
}

function markOf({ rounds, steps }: PartitionProgress, isAlone: boolean): number {
  return isAlone ? Math.floor(steps / stepsPerObservation) : rounds
}

/** Only while as many workers train as were planned: fewer say nothing of their speed. */
function speedOf(
  partition: Partition,
  progress: PartitionProgress | null,
  before: MeasuredSpeed | undefined,
  isNew: boolean,
): MeasuredSpeed | undefined {
  if (progress?.phase !== 'training' || progress.workers !== unitsOf(partition) || !isNew) return before
  const compute = computeSpeed(progress)
  const wall = progress.samplesPerSecond
  if (!(compute > 0) || !(wall > 0)) return before
  if (before === undefined) return { compute, wall, observations: 1 }
  const moved = (average: number, value: number): number => average + speedWeight * (value - average)
  return {
    compute: moved(before.compute, compute),
    wall: moved(before.wall, wall),
    observations: before.observations + 1,
  }
}

/** Mbit/s between all places, as known when the plan is looked at first. */
function reckonedLinks({ partitions }: Plan, links: Links): Readonly<Record<string, number>> {
  if (partitions.length > watchedPartitionsMax) return {}
  const pairs = partitions.flatMap(({ place: from }) => partitions.map(({ place: to }) => [from, to] as const))
  return Object.fromEntries(
    pairs.flatMap(([from, to]) => {
      const link = from === to ? null : links(from, to)
      return link === null ? [] : [[linkKey(from, to), link.mbitPerSecond] as const]
    }),
  )
}

type Sight = {
  readonly kind: 'speed' | 'link'
  readonly key: string
  readonly isOff: boolean
  /** Made only for what is told. */
  readonly text: () => string
}

function sights(
  partition: Partition,
  progress: PartitionProgress | null,
  speed: MeasuredSpeed | undefined,
  reckoned: ElasticState['links'],
  placeOf: ReadonlyMap<string, string>,
): readonly Sight[] {
  if (progress === null || progress.phase !== 'training') return []
  return [...speedSight(partition, progress, speed), ...linkSights(partition, progress, reckoned, placeOf)]
}

function speedSight(
  partition: Partition,
  progress: PartitionProgress,
  speed: MeasuredSpeed | undefined,
): readonly Sight[] {
  const { region } = partition
  const planned = plannedSpeed(partition)
  if (speed === undefined || progress.workers !== unitsOf(partition) || planned <= 0) return []
  const isOff = Math.abs(speed.compute / planned - 1) > speedOff
  const text = (): string => `${region} trains ${round(speed.compute)} samples/s, ${round(planned)} were planned`
  return [{ kind: 'speed', key: `speed ${region}`, isOff, text }]
}

export function plannedSpeed({ allocations }: Partition): number {
  return allocations.reduce((sum, { units, samplesPerSecondPerUnit }) => sum + units * samplesPerSecondPerUnit, 0)
}

function unitsOf({ allocations }: Partition): number {
  return allocations.reduce((sum, { units }) => sum + units, 0)
}

/** Partitions know each other by name; a link is of the places where they run. */
function linkSights(
  { place: to }: Partition,
  progress: PartitionProgress,
  reckoned: ElasticState['links'],
  placeOf: ReadonlyMap<string, string>,
): readonly Sight[] {
  return (progress.sync?.links ?? []).flatMap((link): Sight[] => {
    const { fromRegion, mbitPerSecond } = link
    const from = placeOf.get(fromRegion) ?? fromRegion
    const expected = reckoned[linkKey(from, to)]
    if (expected === undefined || expected <= 0 || !tellsBandwidth(link, progress)) return []
    const isOff = Math.abs(mbitPerSecond / expected - 1) > linkOff
    const text = (): string =>
      `the link from ${from} to ${to} carries ${round(mbitPerSecond)} Mbit/s, ${round(expected)} were expected`
    return [{ kind: 'link', key: `link ${from} ${to}`, isOff, text }]
  })
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}
