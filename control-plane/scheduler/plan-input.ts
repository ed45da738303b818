// What a plan is decided on, as one value: what the scheduler makes of it (decide-again.ts) hangs on nothing else but the
// catalogue.
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { classKey, classOf } from '#control-plane/model/device-class.ts'
import { shareOn, unitName } from '#control-plane/model/gpu-share.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { ClassUnits, MeasuredPair, PlanInput, RegionCapacity } from '#control-plane/model/plan-input.ts'
import { linkKey, throughputKey, type Catalogue, type Snapshot } from '#control-plane/model/snapshot.ts'
import { noDataReasonsMax } from './config.ts'
import { unitsFor, type FreeUnits, type RegionUnits } from './free-units.ts'
import { mayMove } from './may-move.ts'
import type { PlaceContext } from './place-job.ts'
import { samplesByRegion } from './problem.ts'

/** What `placeJob` would decide on now. */
export function inputOf(context: PlaceContext, spec: JobSpec): PlanInput {
  return inputFrom(context, spec, [...context.units.keys()])
}

/**
 * The same to be kept: without the units of regions that none of the job's data may go to, which change nothing, and without
 * the names of more of them than a plan tells.
 */
export function inputToKeep(context: PlaceContext, spec: JobSpec): PlanInput {
  const own = samplesByRegion(spec).map(([region]) => region)
  const all = [...context.units.keys()].sort()
  const isReachable = (to: string): boolean => own.includes(to) || own.some((from) => mayMove(spec, from, to))
  const reachable = new Set(all.filter(isReachable))
  const others = all.filter((region) => !reachable.has(region) && context.units.get(region)?.isConnected === true)
  const input = inputFrom(context, spec, [...reachable])
  // Data also leaves regions that have no agent.
  const mayCarry = new Set([...own, ...reachable])
  const named = others.slice(0, noDataReasonsMax).map((region): RegionCapacity => {
    const { isConnected, lastHeartbeatAtMs } = context.units.get(region)!
    return { region, isConnected, lastHeartbeatAtMs, classes: [], held: {} }
  })
  return {
    ...input,
    capacity: [...input.capacity, ...named].sort(byRegion),
    measuredLinks: input.measuredLinks.filter(({ from, to }) => mayCarry.has(from) && mayCarry.has(to)),
  }
}

export function inputFrom(
  { snapshot, index, units: all, held }: PlaceContext,
  spec: JobSpec,
  regions: readonly string[],
): PlanInput {
  const { bundleDigest } = spec.function
  const { gpuShare } = spec.resources
  const units = unitsFor(all, gpuShare)
  const names = index.catalogue.deviceModels.map(({ name }) => name)
  const ofShares = names.map((name) => unitName(name, shareOn(name, gpuShare)))
  const samplesPerSecond = [...new Set([...names, ...ofShares])].flatMap((name) => {
    const measured = snapshot.throughput.get(throughputKey(bundleDigest, name))
    return measured === undefined ? [] : [[name, measured] as const]
  })
  return {
    spec,
    decidedAtMs: snapshot.nowMs,
    catalogVersion: index.catalogue.version,
    catalogHash: index.catalogue.hash,
    capacity: regions
      .map((region) => capacityOf(region, units.get(region)!, held.get(region) ?? new Map()))
      .sort(byRegion),
    samplesPerSecond: Object.fromEntries(samplesPerSecond),
    modelSize: snapshot.modelSizes?.get(bundleDigest) ?? null,
    measuredLinks: pairsOf(snapshot.measuredLinks ?? new Map()),
  }
}

function byRegion(a: RegionCapacity, b: RegionCapacity): number {
  return a.region < b.region ? -1 : 1
}

export function contextOf(input: PlanInput, catalogue: Catalogue): PlaceContext {
  const { spec, decidedAtMs, capacity, samplesPerSecond, modelSize, measuredLinks } = input
  const { bundleDigest } = spec.function
  const snapshot: Snapshot = {
    revision: 0,
    nowMs: decidedAtMs,
    catalogue,
    jobs: [],
    instances: [],
    // Only who is there counts: what they have is in the units.
    agents: capacity.map(({ region, isConnected, lastHeartbeatAtMs }) => {
      return { region, agentId: '', incarnation: 0, version: '', isConnected, lastHeartbeatAtMs, devices: [] }
    }),
    throughput: new Map(
      Object.entries(samplesPerSecond).map(([model, value]) => [throughputKey(bundleDigest, model), value]),
    ),
    modelSizes: modelSize === null ? new Map() : new Map([[bundleDigest, modelSize]]),
    measuredLinks: new Map(
      measuredLinks.map(({ from, to, mbitPerSecond, roundTripMs }) => {
        return [linkKey(from, to), { mbitPerSecond, roundTripMs, atMs: decidedAtMs }]
      }),
    ),
  }
  const held = new Map(
    capacity.flatMap(({ region, held: models }) => {
      const entries = Object.entries(models)
      return entries.length === 0 ? [] : [[region, new Map(entries)] as const]
    }),
  )
  return { snapshot, index: indexCatalogue(catalogue), units: unitsOf(capacity), held }
}

function capacityOf(
  region: string,
  { isConnected, lastHeartbeatAtMs, classes, total, free }: RegionUnits,
  held: ReadonlyMap<string, string>,
): RegionCapacity {
  const units = [...classes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, device]): ClassUnits => {
      return { ...classOf(device), unitsTotal: total.get(key) ?? 0, unitsFree: free.get(key) ?? 0 }
    })
  return { region, isConnected, lastHeartbeatAtMs, classes: units, held: Object.fromEntries(held) }
}

function unitsOf(capacity: readonly RegionCapacity[]): FreeUnits {
  return new Map(
    capacity.map(({ region, isConnected, lastHeartbeatAtMs, classes }): readonly [string, RegionUnits] => {
      const by = <T>(of: (each: ClassUnits) => T): Map<string, T> =>
        new Map(classes.map((each) => [classKey(each), of(each)]))
      const units = { classes: by(classOf), total: by((each) => each.unitsTotal), free: by((each) => each.unitsFree) }
      return [region, { isConnected, lastHeartbeatAtMs, ...units, shared: null }]
    }),
  )
}

function pairsOf(measured: NonNullable<Snapshot['measuredLinks']>): readonly MeasuredPair[] {
  return [...measured]
    .map(([key, { mbitPerSecond, roundTripMs }]): MeasuredPair => {
      const [from = '', to = ''] = key.split(' ')
      return { from, to, mbitPerSecond, roundTripMs }
    })
    .sort((a, b) => (a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1))
}
