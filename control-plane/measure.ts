// What running jobs teach the scheduler about their function: samples per second of one unit of a device model, bytes of
// the model, samples of one step; and about links between places: bandwidth and delay. Pure; only what differs clearly from
// what is known is stored.
import { codecNames } from '#proto/sync/settings.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { controlPlaneConfig as config } from './config.ts'
import { computeSpeed } from './model/compute-speed.ts'
import { unitName } from './model/gpu-share.ts'
import { instancesByJob } from './model/instance-groups.ts'
import type { Job } from './model/job.ts'
import { partitionsProgress } from './model/partition-progress.ts'
import type { ModelSize } from './model/plan.ts'
import { tellsBandwidth } from './model/told-link.ts'
import { linkKey, throughputKey, type Instance, type LinkMeasurement } from './model/snapshot.ts'
import { exchangeBytes, sendsPerRound } from './scheduler/exchange.ts'
import type { Change, View } from './store/store.ts'

export function measure(view: View, nowMs: number): readonly Change[] {
  const speeds = new Map<string, Speed>()
  const sizes = new Map<string, ModelSize>()
  const links = new Map<string, MeasuredOnce[]>()
  const byJob = instancesByJob(view)
  for (const job of view.jobs) {
    if (job.state !== 'running' && job.state !== 'finishing') continue
    const own = byJob.get(job.id) ?? []
    addSpeeds(speeds, job, own)
    const size = sizeOf(job, own)
    if (size !== null) sizes.set(job.spec.function.bundleDigest, size)
    addLinks(links, job, own)
  }
  return [...speedChanges(view, speeds), ...sizeChanges(view, sizes), ...linkChanges(view, links, nowMs)]
}

type Speed = { samplesPerSecond: number; units: number }

/** Of a mixture of device models only what each worker tells of itself says which unit did what. */
function addSpeeds(speeds: Map<string, Speed>, job: Job, instances: readonly Instance[]): void {
  const add = (unit: string, samplesPerSecond: number, units: number): void => {
    const key = throughputKey(job.spec.function.bundleDigest, unit)
    const speed = speeds.get(key) ?? { samplesPerSecond: 0, units: 0 }
    speed.samplesPerSecond += samplesPerSecond
    speed.units += units
    speeds.set(key, speed)
  }
  for (const { progress, region, partition } of instances) {
    if (progress?.phase !== 'training' || progress.steps < config.measuredStepsMin) continue
    const workers = instances.filter(
      (one) => one.partition === partition && one.region === region && one.role === 'worker' && one.state === 'running',
    )
    const kinds = [...new Set(workers.map(kindOf))]
    // Between a worker's death and its return the figure is of fewer than these.
    const isWhole = progress.workers === workers.length && progress.samplesPerSecond > 0
    if (!isWhole || kinds[0] === undefined) continue
    const units = workers.reduce((sum, worker) => sum + worker.units, 0)
    if (kinds.length === 1) add(kinds[0], computeSpeed(progress), units)
    // In step with each other all are as fast as the slowest.
    else if (job.spec.training.workerMode === 'asynchronous') {
      for (const worker of workers) {
        const speed = progress.workerSpeeds?.[worker.id]
        if (speed !== undefined && speed > 0) add(kindOf(worker), speed, worker.units)
      }
    }
  }
}

function kindOf({ deviceModel, gpuShare }: Instance): string {
  return unitName(deviceModel, gpuShare)
}

/** From what went over the wire: how many models that were, and how many elements had to be behind so many bytes. */
function sizeOf(job: Job, instances: readonly Instance[]): ModelSize | null {
  const { sync } = job.spec
  const regions = job.addressBook.peers.length
  const parts = strategies.get(sync.strategy)?.parts(sync)
  const partitions = partitionsProgress(instances)
  const sum = (value: (partition: (typeof partitions)[number]) => number): number =>
    partitions.reduce((total, partition) => total + value(partition), 0)
  const rounds = sum((partition) => partition.rounds)
  const steps = sum((partition) => partition.steps)
  // How much of a change is significant says nothing of the model's size.
  if (parts === undefined || parts.what === 'significant-changes') return null
  if (regions < 2 || steps === 0 || rounds < config.measuredRoundsMin * partitions.length) return null
  const now = partitions.find((partition) => partition.sync !== null)?.sync
  const codec = codecNames.find((name) => name === now?.codec) ?? sync.codec
  const fragments = parts.membership === 'rounds' ? (now?.fragments ?? 0) || sync.fragments : 1
  const models = (rounds * sendsPerRound(parts, sync, regions)) / fragments
  const bytesPerElement = exchangeBytes(sampleElements, codec, sync, parts) / sampleElements
  return {
    updateBytes: (4 * sum((partition) => partition.wanBytesSent)) / models / bytesPerElement,
    samplesPerStep: sum((partition) => partition.samplesDone) / steps,
  }
}

/** Enough of them that the last, shorter block of a codec hardly counts. */
const sampleElements = 2 ** 20

type MeasuredOnce = Pick<LinkMeasurement, 'mbitPerSecond' | 'roundTripMs'> & {
  readonly from: string
  readonly to: string
}

/** Partitions know each other by name; a link is of the places where they run. */
function addLinks(links: Map<string, MeasuredOnce[]>, job: Job, instances: readonly Instance[]): void {
  const placeOf = new Map(job.plan?.partitions.map(({ region, place }) => [region, place]))
  for (const { progress, region: to, isReleased } of instances) {
    if (progress?.phase !== 'training' || isReleased) continue
    for (const link of progress.sync?.links ?? []) {
      const { fromRegion, mbitPerSecond, roundTripMs } = link
      const from = placeOf.get(fromRegion) ?? fromRegion
      if (from === to || !tellsBandwidth(link, progress)) continue
      const key = linkKey(from, to)
      const known = links.get(key) ?? []
      known.push({ from, to, mbitPerSecond, roundTripMs })
      links.set(key, known)
    }
  }
}

/** Of jobs that share a link each sees a part of it: the widest part says most. An average over time takes out the rest. */
function linkChanges(
  { measuredLinks }: View,
  links: ReadonlyMap<string, readonly MeasuredOnce[]>,
  nowMs: number,
): readonly Change[] {
  return [...links].flatMap(([key, seen]): Change[] => {
    const widest = seen.reduce((best, one) => (one.mbitPerSecond > best.mbitPerSecond ? one : best))
    const { from, to } = widest
    const known = measuredLinks.get(key)
    const next = (name: 'mbitPerSecond' | 'roundTripMs'): number =>
      known === undefined ? widest[name] : known[name] + config.measuredLinkWeight * (widest[name] - known[name])
    const measurement = { mbitPerSecond: next('mbitPerSecond'), roundTripMs: next('roundTripMs'), atMs: nowMs }
    const hasChanged =
      differs(widest.mbitPerSecond, known?.mbitPerSecond) || differs(widest.roundTripMs, known?.roundTripMs)
    return hasChanged ? [{ kind: 'link', from, to, measurement }] : []
  })
}

function speedChanges(view: View, speeds: ReadonlyMap<string, Speed>): readonly Change[] {
  return [...speeds].flatMap(([key, speed]): Change[] => {
    const samplesPerSecond = speed.samplesPerSecond / speed.units
    return differs(samplesPerSecond, view.throughput.get(key)) ? [{ kind: 'throughput', key, samplesPerSecond }] : []
  })
}

function sizeChanges(view: View, sizes: ReadonlyMap<string, ModelSize>): readonly Change[] {
  return [...sizes].flatMap(([bundleDigest, size]): Change[] => {
    const known = view.modelSizes.get(bundleDigest)
    const isNew = differs(size.updateBytes, known?.updateBytes) || differs(size.samplesPerStep, known?.samplesPerStep)
    return isNew ? [{ kind: 'model-size', bundleDigest, size }] : []
  })
}

function differs(value: number, known: number | undefined): boolean {
  if (!Number.isFinite(value)) return false
  return known === undefined || Math.abs(value - known) > config.measuredChange * Math.abs(known)
}
