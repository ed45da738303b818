// Where a job stands, from what its partitions report:
//
//   pending -> starting -> running -> finishing -> succeeded
//      |           \----------\----------\-------> failed        (an instance gave up)
//      |-> failed                                                (the plan is impossible)
//   cancelling -> cancelled                                      (every instance is down)
//
// States only go forward: a parameter server that starts again does not take its job back. All functions are of the
// snapshot alone, so a lost or repeated message changes nothing.
import type { Job, JobState } from '#control-plane/model/job.ts'
import { hasEnded, type Agent, type Instance } from '#control-plane/model/snapshot.ts'
import { troublesShownMax, unseenStepMs } from './config.ts'
import { goesOn, isDrained, isLost, uploaderOf, type PartitionView } from './partitions.ts'

export type Standing = { readonly state: JobState; readonly reason: string }

export type StandingContext = {
  readonly agents: ReadonlyMap<string, Agent>
  /** How long a region that gives data may be unseen. */
  readonly pruneAfterMs: number
}

/** The state of a job that has instances and is not being cancelled. `views` are all its partitions. */
export function standingOf(job: Job, views: readonly PartitionView[], context: StandingContext): Standing {
  const { agents, pruneAfterMs } = context
  const inJob = views.filter((view) => !view.isPruned)
  const without = describePruned(views)
  const isFinished = inJob.every((view) => view.phase === 'finished')
  if (isFinished && job.modelDigest !== null) {
    return { state: 'succeeded', reason: `trained in ${listRegions(inJob)}${without}` }
  }
  const failure = describeFailure(inJob) ?? describeLostSource(inJob, pruneAfterMs)
  if (failure !== null) return { state: 'failed', reason: failure + without }

  const troubles = [describeStaging(inJob), describeUnseen(inJob), describeTrouble(inJob)].filter((text) => text !== '')
  const suffix = `${troubles.map((text) => `; ${text}`).join('')}${without}`
  const target = describeTarget(job)
  if (job.state === 'finishing' || target !== null || inJob.every(isDrained)) {
    return {
      state: 'finishing',
      reason: describeFinishing(job, inJob, target, uploaderOf({ ...job, state: 'finishing' }, agents)) + suffix,
    }
  }
  const started = inJob.filter(goesOn)
  if (job.state === 'running' || started.length === inJob.length) {
    const warning = job.warning === undefined || job.warning === '' ? '' : `; ${job.warning}`
    return { state: 'running', reason: `training in ${listRegions(inJob)}${suffix}${warning}` }
  }
  const missing = inJob.filter((view) => !goesOn(view))
  const reason = `${started.length} of ${inJob.length} partitions train; waiting for ${listRegions(missing)}${suffix}`
  return { state: 'starting', reason }
}

/** A cancelled job has ended once nothing of it runs where the control plane can see it. */
export function standingOfCancelled(job: Job, views: readonly PartitionView[]): Standing {
  const isDown = (view: PartitionView): boolean =>
    isLost(view) || view.instances.every((instance) => hasEnded(instance) || isNotOfHere(instance))
  const left = views.filter((view) => !isDown(view))
  // The reason is the one who cancelled's; it stays.
  return { state: left.length === 0 ? 'cancelled' : 'cancelling', reason: job.reason }
}

/** Why a pending job waits, or that it can never run. Null where there is no plan to speak of. */
export function standingOfPending(job: Job): Standing | null {
  const refusals = (job.plan?.reasons ?? []).filter((reason) => !reason.chosen && reason.rule !== 'ready')
  const texts = refusals.map((reason) => reason.text).join('; ')
  if (job.plan?.outcome === 'waiting') return { state: 'pending', reason: `waiting: ${texts}` }
  if (job.plan?.outcome === 'impossible') return { state: 'failed', reason: `can not be placed: ${texts}` }
  return null
}

/** Its agent never saw it; or it gives data from elsewhere, which ends by itself wherever that is. */
function isNotOfHere({ state, role }: Instance): boolean {
  return state === 'planned' || role === 'data-server'
}

function describeFailure(views: readonly PartitionView[]): string | null {
  for (const { instances, phase, region, staging } of views) {
    const failed = instances.find(
      (instance) =>
        instance.state === 'failed' && !instance.isReleased && (instance.role !== 'data-server' || staging !== null),
    )
    if (failed !== undefined) {
      const why = failed.reason === '' ? 'no reason given' : failed.reason
      return `${failed.role} ${failed.id} failed at attempt ${failed.attempt}: ${why}`
    }
    if (phase === 'failed')
      return `the partition of ${region} failed; \`cloudless logs --all\` of its parameter server says why`
  }
  return null
}

/** For example "staging 3.2 of 8.0 GB of onprem/lab in aws/us-east-1". */
function describeStaging(views: readonly PartitionView[]): string {
  return views
    .flatMap(({ staging, place }) => {
      if (staging === null) return []
      const { bytesDone, bytesTotal, sources } = staging
      const much = bytesTotal === 0 ? '' : ` ${gigabytes(bytesDone)} of ${gigabytes(bytesTotal)} GB`
      const unseen = sources.filter(({ unseenMs }) => unseenMs > 0).map((source) => unseenText(source))
      const of = sources.map(({ region }) => region).join(' and ')
      return [[`staging${much} of ${of} in ${place}`, ...unseen].join(', ')]
    })
    .join('; ')
}

/** Two digits of what there is to tell, so that progress does not write a job at every loop. */
function gigabytes(bytes: number): string {
  const value = bytes / 1e9
  return value >= 1 ? value.toFixed(1) : String(Number(value.toPrecision(2)))
}

function describeLostSource(views: readonly PartitionView[], pruneAfterMs: number): string | null {
  for (const { staging, place } of views) {
    const lost = staging?.sources.find(({ unseenMs }) => unseenMs > pruneAfterMs)
    if (lost !== undefined) return `the data of ${lost.region} can not be moved to ${place}: ${unseenText(lost)}`
  }
  return null
}

function unseenText({ region, unseenMs }: { readonly region: string; readonly unseenMs: number }): string {
  return `region ${region} unseen for ${(Math.floor(unseenMs / unseenStepMs) * unseenStepMs) / 1000} s`
}

function describeUnseen(views: readonly PartitionView[]): string {
  return views
    .filter((view) => isLost(view) && view.phase !== 'finished')
    .map((view) => unseenText(view))
    .join(', ')
}

/** Why instances do not run just now: what happened, and the very last line of the log where there is one. */
function describeTrouble(views: readonly PartitionView[]): string {
  const isInTrouble = ({ state, reason }: Instance): boolean =>
    reason !== '' && (state === 'starting' || state === 'backing-off')
  return views
    .flatMap(({ instances }) => instances.filter(isInTrouble))
    .slice(0, troublesShownMax)
    .map(({ id, reason }) => {
      const lines = reason.split('\n')
      return `${id}: ${lines.length === 1 ? reason : `${lines[0]} ${lines.at(-1)}`}`
    })
    .join('; ')
}

/** Null unless an evaluation reached the job's target. */
function describeTarget(job: Job): string | null {
  const target = job.spec.training.target
  const value = target === null ? undefined : job.evaluation[target.metric]
  if (target === null || value === undefined || !(value >= target.atLeast)) return null
  return `${target.metric} ${Number(value.toPrecision(4))} reached the target ${target.atLeast}`
}

function describeFinishing(job: Job, views: readonly PartitionView[], target: string | null, uploader: string): string {
  const finished = views.filter((view) => view.phase === 'finished').length
  const step =
    finished < views.length
      ? `${finished} of ${views.length} partitions finished`
      : `waiting for the model from ${uploader}`
  if (target !== null) return `${target}; ${step}`
  return job.spec.holdout === null ? `all samples used; ${step}` : `all samples used, last evaluation; ${step}`
}

/** Never success on a silent subset. */
function describePruned(views: readonly PartitionView[]): string {
  const pruned = views.filter((view) => view.isPruned)
  if (pruned.length === 0) return ''
  const share = pruned.reduce((sum, view) => sum + view.dataShare, 0)
  const percent = (100 * share).toFixed(1)
  return `; without ${listRegions(pruned)}, which was lost with ${percent} % of the data`
}

function listRegions(views: readonly PartitionView[]): string {
  return views.map((view) => view.region).join(', ')
}
