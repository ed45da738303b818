// What each agent should run, straight from a snapshot: every instance that is not released, told what it needs to know
// of its job. Level-triggered: the newest desired state replaces all earlier ones. And whose checkpoints it must keep:
// those of jobs that may be resumed, that wait to go on, or that went on without this region and may need it again.
import type { Desired, DesiredInstance, PartitionData } from '#control-plane/model/desired.ts'
import { specOf, type InferenceFunction, type Slo } from '#control-plane/model/inference.ts'
import { functionsByName, objectivesFromPipelines, type Pipeline } from '#control-plane/model/pipeline.ts'
import { instancesByJob, instancesByRegion } from '#control-plane/model/instance-groups.ts'
import { withExchange } from '#control-plane/model/with-exchange.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Agent, Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import type { KeptJob } from '#control-plane/model/resumption.ts'
import { keptJobsMax } from './config.ts'
import { heldBack, isOfData } from './data-on-its-way.ts'
import { uploaderOf } from './partitions.ts'

/** For one region; an empty set where nothing should run. */
export function desiredFor(snapshot: Snapshot, region: string): Desired {
  return desiredByRegion(snapshot, [region]).get(region)!
}

/** For these regions, or every one that has an agent or an instance, in one pass. */
export function desiredByRegion(
  snapshot: Snapshot,
  regions: readonly string[] = regionsIn(snapshot),
): ReadonlyMap<string, Desired> {
  const context = contextOf(snapshot)
  const instances = instancesByRegion(snapshot)
  return new Map(regions.map((region) => [region, build(region, instances.get(region) ?? [], context)]))
}

function regionsIn(snapshot: Snapshot): readonly string[] {
  const withAgents = snapshot.agents.map((agent) => agent.region)
  return [...new Set([...withAgents, ...instancesByRegion(snapshot).keys()])].sort()
}

type Context = {
  readonly jobs: ReadonlyMap<string, Job>
  readonly functions: ReadonlyMap<string, InferenceFunction>
  readonly pipelines: readonly Pipeline[]
  /** Of functions without one of their own, by name. */
  readonly objectives: ReadonlyMap<string, Slo>
  readonly agents: ReadonlyMap<string, Agent>
  readonly kept: readonly KeptJob[]
  /** Of a job, those whose data is on its way. */
  readonly heldBack: (jobId: string) => ReadonlySet<Instance>
}

function contextOf(snapshot: Snapshot): Context {
  const jobs = new Map(snapshot.jobs.map((job) => [job.id, job]))
  const { functions = [], pipelines = [] } = snapshot
  return {
    pipelines,
    objectives: objectivesFromPipelines(pipelines, functionsByName(functions)),
    jobs,
    functions: new Map(functions.map((each) => [each.id, each])),
    heldBack: heldBackOf(snapshot, jobs),
    agents: new Map(snapshot.agents.map((agent) => [agent.region, agent])),
    kept: (snapshot.kept ?? []).filter(({ untilMs }) => untilMs > snapshot.nowMs),
  }
}

/** By job, when it is asked for. */
function heldBackOf(snapshot: Snapshot, jobs: ReadonlyMap<string, Job>): Context['heldBack'] {
  const byJob = instancesByJob(snapshot)
  const known = new Map<string, ReadonlySet<Instance>>()
  return (jobId) => {
    const before = known.get(jobId)
    if (before !== undefined) return before
    const job = jobs.get(jobId)
    const held = job === undefined ? new Set<Instance>() : heldBack(job, byJob.get(jobId) ?? [])
    known.set(jobId, held)
    return held
  }
}

function build(region: string, instances: readonly Instance[], context: Context): Desired {
  const isWanted = (instance: Instance): boolean =>
    !instance.isReleased && context.jobs.has(instance.jobId) && !context.heldBack(instance.jobId).has(instance)
  const wanted = instances.filter(isWanted)
  const wantedByJob = Map.groupBy(wanted, (instance) => instance.jobId)
  const parts = [...wantedByJob].map(([jobId, here]) => describe(context, context.jobs.get(jobId)!, here))
  return {
    region,
    instances: parts.flatMap((part) => part.instances).sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1)),
    ...inferenceIn(instances, context),
    ...servedIn(region, instances, context),
    addressBooks: parts.map((part) => part.addressBook).sort((a, b) => (a.jobId < b.jobId ? -1 : 1)),
    keptJobIds: keptHere(region, instances, context).filter((jobId) => !wantedByJob.has(jobId)),
  }
}

function inferenceIn(instances: readonly Instance[], { functions }: Context): Pick<Desired, 'inference'> {
  const inference = instances.flatMap((instance) => {
    const of = functions.get(instance.jobId)
    return of === undefined || instance.isReleased ? [] : [{ instance, spec: specOf(of, instance) }]
  })
  return inference.length === 0 ? {} : { inference }
}

/** What is placed here, with or without instances now; what is leaving answers until it has gone. */
function servedIn(
  region: string,
  instances: readonly Instance[],
  { functions, pipelines, objectives }: Context,
): Pick<Desired, 'functions' | 'pipelines'> {
  const here = new Set(instances.flatMap(({ jobId, isReleased }) => (isReleased ? [] : [jobId])))
  const served = [...functions.values()].filter(({ id, state, places }) => {
    return state !== 'deleting' && (places.includes(region) || here.has(id))
  })
  if (served.length === 0) return {}
  const names = new Set(served.map(({ spec }) => spec.name))
  const whole = pipelines.filter(({ spec }) => spec.stages.every((stage) => names.has(stage.function)))
  return {
    functions: served.map((each) => withObjective(each, objectives)),
    ...(whole.length === 0 ? {} : { pipelines: whole }),
  }
}

/** A function without one is held to its part of its pipelines'. */
function withObjective(of: InferenceFunction, objectives: Context['objectives']): InferenceFunction {
  const slo = of.spec.slo ?? objectives.get(of.spec.name) ?? null
  return slo === of.spec.slo ? of : { ...of, spec: { ...of.spec, slo } }
}

function keptHere(region: string, instances: readonly Instance[], { jobs, kept }: Context): readonly string[] {
  const ended = kept
    .filter(({ regions }) => regions.includes(region))
    .sort((a, b) => b.untilMs - a.untilMs || (a.id < b.id ? -1 : 1))
    .slice(0, keptJobsMax)
    .map(({ id }) => id)
  const active = instances.map(({ jobId }) => jobId).filter((jobId) => jobs.has(jobId))
  return [...new Set([...ended, ...active])].sort()
}

type Part = {
  readonly instances: readonly DesiredInstance[]
  readonly addressBook: Desired['addressBooks'][number]
}

function describe(context: Context, job: Job, here: readonly Instance[]): Part {
  const shares = new Map(job.addressBook.peers.map(({ region, dataShare }) => [region, dataShare]))
  const workers = Map.groupBy(
    here.filter(({ role }) => role === 'worker'),
    ({ partition }) => partition,
  )
  // A released job has no instances here, so draining is finishing.
  const drain = job.state === 'finishing'
  const uploader = uploaderOf(job, context.agents)
  const exchange = job.plan?.exchange ?? null
  const spec = exchange === null ? job.spec : { ...job.spec, sync: withExchange(job.spec.sync, exchange) }
  const partitions = (job.plan?.partitions ?? []).map(({ region, place, dataRegions, samples }): PartitionData => {
    return { region, place, dataRegions, samples }
  })
  const instances = here.map((instance): DesiredInstance => {
    const { partition, role, checkpointFrom = '' } = instance
    // Once it has begun, an older checkpoint would take back what it has told others.
    const hasBegun = here.some(
      (one) => one.role === 'parameter-server' && one.partition === partition && one.attempt > 0,
    )
    return {
      instance,
      spec,
      workers: workers.get(partition)?.length ?? 0,
      dataShare: shares.get(partition) ?? 0,
      drain,
      uploadsModel: uploader === partition && !isOfData(instance),
      checkpointFrom: hasBegun || role === 'worker' ? '' : checkpointFrom,
      partitions: role === 'worker' ? [] : partitions,
    }
  })
  return { instances, addressBook: { jobId: job.id, book: job.addressBook } }
}
