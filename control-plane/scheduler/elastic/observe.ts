// What is off the plan of a running job: speeds of its partitions and links between them that differ from what was reckoned
// with for some observations in a row, devices that are gone or about to be, prices that changed. An observation of a
// partition is a round, or some steps where there are no rounds; looking again without a new one counts nothing.
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import { hasEnded, type Instance, type PartitionProgress, type Snapshot } from '#control-plane/model/snapshot.ts'
import { classKey } from '#control-plane/model/device-class.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { ElasticState } from './state.ts'
import { linkOff, observationsOff, speedOff, stepsPerObservation } from './config.ts'

export type Trigger = {
  readonly kind: 'speed' | 'link' | 'device-lost' | 'device-leaving' | 'price'
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
  index: CatalogueIndex,
  plan: Plan,
  instances: readonly Instance[],
  before: ElasticState,
): Observed {
  const off: Record<string, number> = {}
  const seen: Record<string, number> = {}
  const triggers: Trigger[] = []
  let isNews = false
  const isAlone = plan.partitions.length === 1
  for (const partition of plan.partitions) {
    const own = instances.filter((instance) => instance.partition === partition.region && !instance.isReleased)
    const progress = own.find(({ role }) => role === 'parameter-server')?.progress ?? null
    const mark = progress === null ? 0 : markOf(progress, isAlone)
    const isNew = mark > (before.seen[partition.region] ?? -1)
    seen[partition.region] = Math.max(mark, before.seen[partition.region] ?? 0)
    for (const sight of sights(index, partition, progress)) {
      const count = sight.isOff ? (before.off[sight.key] ?? 0) + (isNew ? 1 : 0) : 0
      if (count > 0) off[sight.key] = Math.min(count, observationsOff)
      if (count < observationsOff) continue
      triggers.push({ kind: sight.kind, text: sight.text, isForced: false })
      isNews ||= (before.off[sight.key] ?? 0) < observationsOff
    }
    triggers.push(...lostDevices(snapshot, partition, own))
  }
  if (plan.catalogHash !== snapshot.catalogue.hash) {
    const text = `prices changed from catalogue ${plan.catalogVersion} to ${snapshot.catalogue.version}`
    triggers.push({ kind: 'price', text, isForced: false })
  }
  return { state: { ...before, off, seen }, triggers, isNews }
}

function markOf({ rounds, steps }: PartitionProgress, isAlone: boolean): number {
  return isAlone ? Math.floor(steps / stepsPerObservation) : rounds
}

type Sight = {
  readonly kind: 'speed' | 'link'
  readonly key: string
  readonly isOff: boolean
  readonly text: string
}

function sights(index: CatalogueIndex, partition: Partition, progress: PartitionProgress | null): readonly Sight[] {
  if (progress === null || progress.phase !== 'training') return []
  return [...speedSight(partition, progress), ...linkSights(index, partition, progress)]
}

/** Only while as many workers train as were planned: fewer say nothing of their speed. */
function speedSight(partition: Partition, progress: PartitionProgress): readonly Sight[] {
  const { region, allocations } = partition
  const units = allocations.reduce((sum, allocation) => sum + allocation.units, 0)
  const planned = plannedSpeed(partition)
  if (progress.workers !== units || progress.samplesPerSecond <= 0 || planned <= 0) return []
  const ratio = progress.samplesPerSecond / planned
  const text = `${region} trains ${round(progress.samplesPerSecond)} samples/s, ${round(planned)} were planned`
  return [{ kind: 'speed', key: speedKey(region), isOff: Math.abs(ratio - 1) > speedOff, text }]
}

export function speedKey(region: string): string {
  return `speed ${region}`
}

export function plannedSpeed({ allocations }: Partition): number {
  return allocations.reduce((sum, { units, samplesPerSecondPerUnit }) => sum + units * samplesPerSecondPerUnit, 0)
}

function linkSights(index: CatalogueIndex, partition: Partition, { sync }: PartitionProgress): readonly Sight[] {
  return (sync?.links ?? []).flatMap(({ fromRegion, mbitPerSecond }): Sight[] => {
    const known = index.link(fromRegion, partition.place)
    if (mbitPerSecond <= 0 || known === null) return []
    const isOff = Math.abs(mbitPerSecond / known.mbitPerSecond - 1) > linkOff
    const text = `the link from ${fromRegion} to ${partition.place} carries ${round(mbitPerSecond)} Mbit/s, ${round(known.mbitPerSecond)} were expected`
    return [{ kind: 'link', key: `link ${fromRegion} ${partition.place}`, isOff, text }]
  })
}

/** Units that the partition holds and its region no longer has, or is about to lose. */
function lostDevices({ agents, nowMs }: Snapshot, partition: Partition, own: readonly Instance[]): readonly Trigger[] {
  const agent = agents.find(({ region }) => region === partition.place)
  // Of a region that is out of sight nothing is known.
  if (agent === undefined || !agent.isConnected) return []
  const held = own.filter((instance) => instance.role === 'worker' && !hasEnded(instance))
  return [...Map.groupBy(held, classKey)].flatMap(([key, workers]): Trigger[] => {
    const devices = agent.devices.filter((device) => classKey({ ...device, deviceModel: device.model }) === key)
    const units = devices.reduce((sum, device) => sum + device.units, 0)
    const leaving = devices.filter(({ endsAtMs }) => endsAtMs !== null)
    const staying = units - leaving.reduce((sum, device) => sum + device.units, 0)
    if (units < workers.length) {
      const text = `${partition.place} has ${units} of the ${workers.length} ${key} that the job holds`
      return [{ kind: 'device-lost', text, isForced: true }]
    }
    if (staying >= workers.length || leaving.length === 0) return []
    const inSeconds = Math.max(0, Math.min(...leaving.map(({ endsAtMs }) => endsAtMs ?? nowMs)) - nowMs) / 1000
    const text = `${partition.place} loses ${units - staying} of ${units} ${key} in ${round(inSeconds)} s`
    return [{ kind: 'device-leaving', text, isForced: true }]
  })
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)))
}
