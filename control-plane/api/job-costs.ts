// Single jobs in detail: all they have cost, against their forecasts and against other ways to train the same data.
import type { Catalogue } from '#regions/catalogue.ts'
import { amountsOf } from '#control-plane/cost/amounts.ts'
import { counterfactual, exclusive, onDemand, type Actual, type OtherWay } from '#control-plane/cost/counterfactuals.ts'
import { usageGaps } from '#control-plane/cost/gaps.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Counterfactual, JobCost, LedgerCell, UsageGap } from '#control-plane/model/costs.ts'
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import { idleMsOf } from '#control-plane/model/resumption.ts'
import { hasEnded } from '#control-plane/model/snapshot.ts'
import { otherWaysIn, type OtherWays } from '#control-plane/scheduler/other-ways.ts'
import type { JobRecord, Store } from '#control-plane/store/store.ts'
import { apiConfig } from './config.ts'

export type JobCostsContext = {
  readonly store: Store
  readonly catalogue: Catalogue
  readonly index: CatalogueIndex
  readonly nowMs: number
}

type JobCosts = { readonly jobs: readonly JobCost[]; readonly gaps: readonly UsageGap[] }

/** In the order of the ids, which exist. */
export async function jobCosts(
  { store, catalogue, index, nowMs }: JobCostsContext,
  ids: readonly string[],
): Promise<JobCosts> {
  const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, owner: null, labels: {}, by: 'day' } as const
  const cells = await store.listCells({ jobIds: ids, ...everything, limit: apiConfig.costCellsMax })
  const byJob = Map.groupBy(cells, ({ jobId }) => jobId)
  const otherWays = otherWaysIn({ ...store.view(), nowMs, catalogue })
  const jobs: JobCost[] = []
  const gaps: UsageGap[] = []
  for (const id of ids) {
    const record = await store.job(id)
    if (record === null) continue
    const spans = await store.listSpans(id, apiConfig.costSpansMax)
    gaps.push(...usageGaps({ spans, instances: record.instances, nowMs }))
    const own = byJob.get(id) ?? []
    const actual = { amounts: amountsOf(own), seconds: secondsOf(record.job, nowMs) }
    const counterfactuals = counterfactualsOf(record.job, otherWays(record.job), own, index, actual)
    const [first] = await store.listPlans(id, 1, 0)
    jobs.push({ ...jobCost(record, first?.plan ?? record.job.plan, actual, nowMs), counterfactuals })
  }
  return { jobs, gaps: gaps.toSorted((a, b) => a.fromMs - b.fromMs || (a.instanceId < b.instanceId ? -1 : 1)) }
}

/** From the start of the job to its end or to now, without the time before a resumption. */
export function secondsOf(job: Job, nowMs: number): number {
  if (job.startedAtMs === null) return 0
  return Math.max(0, (job.endedAtMs ?? nowMs) - job.startedAtMs - idleMsOf(job)) / 1000
}

/** The last use is reported when an instance is down; one that nobody hears of is waited for only so long. */
export function isSettled({ job, instances }: JobRecord, nowMs: number): boolean {
  if (!endStates.has(job.state)) return false
  const isDown = instances.every((instance) => hasEnded(instance) || instance.state === 'planned')
  return isDown || nowMs - (job.endedAtMs ?? nowMs) > apiConfig.costSettleMs
}

function jobCost(
  record: JobRecord,
  firstPlan: Plan | null,
  { amounts, seconds }: Actual,
  nowMs: number,
): Omit<JobCost, 'counterfactuals'> {
  const { id, spec, state, startedAtMs, plan } = record.job
  return {
    id,
    name: spec.name,
    owner: spec.owner,
    labels: spec.labels,
    strategy: spec.sync.strategy,
    policy: spec.policy,
    state,
    isFinal: isSettled(record, nowMs),
    startedAtMs: startedAtMs ?? 0,
    seconds,
    amounts,
    // That of a later plan is of the work that was left.
    forecast: firstPlan?.version === 1 ? firstPlan.forecast : null,
    planVersion: plan?.version ?? 0,
  }
}

/** None for a job that has used nothing yet. */
function counterfactualsOf(
  { plan }: Job,
  ways: OtherWays | null,
  cells: readonly LedgerCell[],
  index: CatalogueIndex,
  actual: Actual,
): readonly Counterfactual[] {
  if (cells.length === 0 || plan === null || ways === null) return []
  const asOther = (name: Counterfactual['name'], way: OtherWays['singleRegion']): OtherWay =>
    way.kind === 'unknown' ? { ...way, name } : { ...way, name, own: ways.own }
  const spot = onDemand(cells, index, actual)
  const whole = exclusive(cells, actual)
  return [
    counterfactual(useEverything(plan), actual),
    counterfactual(asOther('single-region', ways.singleRegion), actual),
    counterfactual(asOther('asgd', ways.everyStep), actual),
    ...(spot === null ? [] : [spot]),
    ...(whole === null ? [] : [whole]),
  ]
}

/** As the plan saw it: with what was free then. */
function useEverything({ forecast, forecastUseEverything }: NonNullable<Job['plan']>): OtherWay {
  const name = 'use-everything'
  if (forecast === null || forecastUseEverything === null) {
    const text = 'some of the data could not be trained on where it lies, so there was no such plan'
    return { kind: 'unknown', name, text }
  }
  const text = 'every unit that was free in the regions with data when the plan was made'
  return { kind: 'forecast', name, isAllowed: true, region: '', forecast: forecastUseEverything, own: forecast, text }
}
