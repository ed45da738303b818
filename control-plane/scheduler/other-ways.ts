// Other ways to train the data of a job that has a plan, each forecast for all of its work by what is known now (measured speeds,
// links and model size), beside the plan's own way forecast by the same. Reports compare what was paid with them.
// Units are those that agents have registered, as if no other job had been there.
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Forecast, ModelSize, Partition, Plan } from '#control-plane/model/plan.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { feasible } from './feasible.ts'
import { forecast } from './forecast.ts'
import { countFreeUnits, unitsFor } from './free-units.ts'
import { linksNow } from './links-now.ts'
import { mayMove } from './may-move.ts'
import { figure, type Place } from './policy.ts'
import { jobProblem, samplesByRegion } from './problem.ts'
import { throughputFor, weakestSource } from './throughput.ts'
import { everyUnit } from './use-everything.ts'

export type OtherWays = {
  /** What the plan does. */
  readonly own: Forecast
  readonly singleRegion: OtherWay
  readonly everyStep: OtherWay
}

export type OtherWay =
  | {
      readonly kind: 'forecast'
      readonly forecast: Forecast
      readonly region: string
      /** False where the job file does not let the data go there. */
      readonly isAllowed: boolean
      readonly text: string
    }
  | { readonly kind: 'unknown'; readonly text: string }

/** For one job after the other on the same snapshot. Null for a job without a placed plan. */
export function otherWaysIn(snapshot: Snapshot): (job: Job) => OtherWays | null {
  const index = indexCatalogue(snapshot.catalogue)
  const links = linksNow(index, snapshot)
  const agents = snapshot.agents.map((agent) => ({ ...agent, isConnected: true }))
  const all = countFreeUnits({ ...snapshot, agents, jobs: [], instances: [] })
  return ({ spec, plan }) => {
    if (plan?.outcome !== 'placed') return null
    const units = unitsFor(all, spec.resources.gpuShare)
    const throughput = throughputFor(spec, snapshot.throughput, index)
    const modelSize = snapshot.modelSizes?.get(spec.function.bundleDigest) ?? null
    const partitions = plan.partitions.map((partition) => atSpeed(partition, throughput))
    const sources = partitions.flatMap(({ allocations }) =>
      allocations.flatMap(({ deviceModel }) => throughput(deviceModel)?.source ?? []),
    )
    const common = { spec, partitions, index, links, modelSize, throughputSource: weakestSource(sources) }
    const places = [...units.keys()].sort().flatMap((region): Place[] => {
      const found = feasible({ spec, index, units, held: new Map(), throughput }, region)
      return found.kind === 'place' ? [found.place] : []
    })
    const problem = jobProblem({ spec, nowMs: snapshot.nowMs, index, links, modelSize, throughput, places })
    return {
      own: forecast({ ...common, exchange: plan.exchange }),
      singleRegion: singleRegion(spec, places, problem.estimate),
      everyStep: everyStep(plan, modelSize, (sync) => forecast({ ...common, spec: { ...spec, sync }, exchange: null })),
    }
  }
}

/** As fast as its units are known to be now. */
function atSpeed(partition: Partition, throughput: ReturnType<typeof throughputFor>): Partition {
  const allocations = partition.allocations.map((each) => ({
    ...each,
    samplesPerSecondPerUnit: throughput(each.deviceModel)?.samplesPerSecond ?? each.samplesPerSecondPerUnit,
  }))
  const speed = allocations.reduce((sum, each) => sum + each.units * each.samplesPerSecondPerUnit, 0)
  return {
    ...partition,
    allocations,
    loadPower: partition.samples > 0 ? speed / partition.samples : partition.loadPower,
  }
}

/** All data in the cheapest region that may have all of it, else in the cheapest one whatever is allowed; on every unit there. */
function singleRegion(
  spec: JobSpec,
  places: readonly Place[],
  estimate: ReturnType<typeof jobProblem>['estimate'],
): OtherWay {
  const data = samplesByRegion(spec).map(([region]) => region)
  const ways = places.map((place) => {
    const forbidden = data.filter((from) => from !== place.region && !mayMove(spec, from, place.region))
    const partitions = [{ place: place.region, dataRegions: data, units: everyUnit(place) }]
    return { region: place.region, forbidden, forecast: estimate({ partitions, exchange: null }) }
  })
  const allowed = ways.filter(({ forbidden }) => forbidden.length === 0)
  const [best] = (allowed.length > 0 ? allowed : ways).toSorted((a, b) => a.forecast.totalUsd - b.forecast.totalUsd)
  if (best === undefined) return { kind: 'unknown', text: 'no region with an agent can train this job' }
  const { region, forbidden } = best
  const moved = spec.shards.filter((shard) => shard.region !== region && shard.samples > 0)
  const unsized = moved.filter(({ bytes }) => bytes === 0).length
  const sizes = [
    ...(unsized < moved.length ? [sizeText(moved.reduce((sum, { bytes }) => sum + bytes, 0))] : []),
    ...(unsized > 0 ? [`${unsized} ${unsized === 1 ? 'shard' : 'shards'} of unknown size`] : []),
  ]
  const moving = moved.length === 0 ? 'where all of it lies' : `${sizes.join(' and ')} moved there`
  const text =
    forbidden.length === 0
      ? `all data in ${region}, ${moving}`
      : `not allowed: the data of ${forbidden.join(', ')} may not leave; all data in ${region}, ${moving}`
  return { kind: 'forecast', forecast: best.forecast, region, isAllowed: forbidden.length === 0, text }
}

/** The same units, with every step's gradients sent to everybody. */
function everyStep(plan: Plan, modelSize: ModelSize | null, estimate: (sync: JobSpec['sync']) => Forecast): OtherWay {
  if (modelSize === null)
    return { kind: 'unknown', text: 'nothing is known of the model’s size yet, so not of what every step would send' }
  const { settings } = resolveSync({ strategy: 'asgd' }, { regions: plan.partitions.length })
  const text = `the same devices, ${sizeText(modelSize.updateBytes)} sent to every other region at every step`
  return { kind: 'forecast', forecast: estimate(settings), region: '', isAllowed: true, text }
}

/** Decimal units, as clouds bill them. */
function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${figure(bytes / 1e9)} GB`
  return bytes >= 1e6 ? `${figure(bytes / 1e6)} MB` : `${figure(bytes / 1e3)} KB`
}
