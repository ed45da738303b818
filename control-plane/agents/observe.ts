// An agent's observed state against what the store holds: only differences are written.
import type { Wish } from '#control-plane/model/inference.ts'
import { hasEnded, type Instance } from '#control-plane/model/snapshot.ts'
import { resumptionOf } from '#control-plane/model/resumption.ts'
import type { Observed, ObservedInstance, ObservedWish } from '#control-plane/wire/agent-messages.ts'
import { encode } from '#runtime/encoding.ts'
import type { Draft } from './draft.ts'

export function writeObserved(
  draft: Draft,
  region: string,
  observed: Observed,
  /** Instances that the agent was told to stop: what it does not mention is gone. */
  toldToStop: readonly Instance[],
): void {
  noteWishes(draft, region, observed)
  const seen = new Set<string>()
  for (const report of observed.instances) {
    seen.add(report.id)
    const instance = draft.instance(report.id)
    // Unknown ones belong to jobs that have ended; an agent speaks for its own region only.
    if (instance === null || instance.region !== region) continue
    const next = merge(instance, report)
    if (next !== null) draft.putInstance(next)
    noteFirstStep(draft, instance.jobId, report.firstStepAtMs)
  }
  for (const { id } of toldToStop) {
    const instance = draft.instance(id)
    if (instance !== null && !seen.has(id) && !hasEnded(instance)) draft.putInstance({ ...instance, state: 'stopped' })
  }
}

/** Null when nothing differs. What has ended stays ended; what was before a resumption says nothing of what is now. */
function merge(instance: Instance, report: ObservedInstance): Instance | null {
  if (hasEnded(instance) || report.resumption !== resumptionOf(instance)) return null
  const next: Instance = {
    ...instance,
    state: report.state,
    attempt: report.attempt,
    reason: report.reason,
    endpoint: report.endpoint,
    // Between two attempts there is no progress to report; the last one stands.
    progress: report.progress ?? instance.progress,
    ...(report.staging === null ? {} : { staging: report.staging }),
    ...servingOf(instance, report),
    ...deviceOf(instance, report),
  }
  return isSame(instance, next) ? null : next
}

/** Where GPUs are shared, what is left of each hangs on it. */
function deviceOf({ deviceModel, units }: Instance, { deviceId }: ObservedInstance): Pick<Instance, 'deviceId'> {
  return deviceId === '' || deviceModel === 'cpu' || units === 0 ? {} : { deviceId }
}

/** What it has answered stands until it says more; without a run it answers nobody. */
function servingOf({ serving: before }: Instance, { serving }: ObservedInstance): Pick<Instance, 'serving'> {
  if (serving !== null) return { serving }
  return before === undefined ? {} : { serving: { ...before, isReady: false, requestsPerSecond: 0, queued: 0 } }
}

function isSame(a: Instance, b: Instance): boolean {
  return (
    a.state === b.state &&
    a.attempt === b.attempt &&
    a.reason === b.reason &&
    a.endpoint === b.endpoint &&
    a.deviceId === b.deviceId &&
    (a.serving === b.serving || encode(a.serving ?? null) === encode(b.serving ?? null)) &&
    a.staging?.bytesDone === b.staging?.bytesDone &&
    a.staging?.bytesTotal === b.staging?.bytesTotal &&
    (a.progress === b.progress || encode(a.progress) === encode(b.progress))
  )
}

function noteWishes(draft: Draft, region: string, observed: Observed): void {
  for (const [id, asked] of Object.entries(observed.wishes)) {
    const before = draft.function(id)
    if (before === null || before.endedAtMs !== null) continue
    const wish = wishOf(id, asked, observed.instances)
    const number = asked.instances.length
    if (before.wanted[region] === number && isSameButReason(before.wishes?.[region], wish)) continue
    const wishes = { ...before.wishes, [region]: wish }
    draft.putFunction({ ...before, wanted: { ...before.wanted, [region]: number }, wishes })
  }
}

/** What the agent knew of and no longer names is to go first. */
function wishOf(functionId: string, wish: ObservedWish, instances: readonly ObservedInstance[]): Wish {
  const named = new Map(wish.instances.map(({ id, share }) => [id, share]))
  const known = instances.filter(({ id }) => id.startsWith(`${functionId}/`)).map(({ id }) => id)
  return {
    shares: Object.fromEntries([...named].flatMap(([id, share]) => (id === '' || share === null ? [] : [[id, share]]))),
    added: wish.instances.flatMap(({ id, share }) => (id === '' && share !== null ? [share] : [])),
    removed: known.filter((id) => !named.has(id)).sort(),
    because: wish.because,
  }
}

/** A reason alone, whose figures change every second, is no news. */
function isSameButReason(before: Wish | undefined, now: Wish): boolean {
  return before !== undefined && encode({ ...before, because: '' }) === encode({ ...now, because: '' })
}

function noteFirstStep(draft: Draft, jobId: string, atMs: number | null): void {
  const job = draft.job(jobId)
  if (job === null || atMs === null) return
  if (job.firstStepAtMs === null || atMs < job.firstStepAtMs) draft.putJob({ ...job, firstStepAtMs: atMs })
}
