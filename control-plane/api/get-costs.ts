// GetCosts: the ledger of many jobs added up, and beside it what explains it: forecasts, other ways to train the same data, gaps,
// and what clouds bill for the links' months. Sums come from the store's hours, so that months of many jobs are quick; only
// the dearest jobs are told in detail.
import type { GetCostsRequest__Output } from '#proto/generated/cloudless/v1/GetCostsRequest.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { amountsOf, cellOf } from '#control-plane/cost/amounts.ts'
import { compareJobs } from '#control-plane/cost/counterfactuals.ts'
import { costPoints, type Cost } from '#control-plane/cost/cost-points.ts'
import { groupCosts } from '#control-plane/cost/group-costs.ts'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { dayMs, hourMs, type LedgerCell } from '#control-plane/model/costs.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import type { LedgerCursor, Store } from '#control-plane/store/store.ts'
import { decodeCostsRequest, type Costs, type CostsRequest } from '#control-plane/wire/costs.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { jobCosts } from './job-costs.ts'
import { linkMonths } from './link-months.ts'

export type CostContext = { readonly store: Store; readonly catalogue: () => Catalogue; readonly clock: Clock }

export async function getCosts(context: CostContext, wire: GetCostsRequest__Output): Promise<Costs> {
  const { store, clock } = context
  const catalogue = context.catalogue()
  const request = decodeCostsRequest(wire, catalogue.usdPer)
  const nowMs = clock.now()
  await refuseUnknown(store, request.jobIds)
  const { cells, range, stepMs } = await cellsIn(store, request, nowMs)
  const jobIds = [...new Set([...request.jobIds, ...cells.map(({ jobId }) => jobId)])].sort()
  const facts = new Map((await store.jobFacts(jobIds)).map((job) => [job.id, job]))
  const groups = groupCosts(cells, facts, request.groupBy)
  const index = indexCatalogue(catalogue)
  const { jobs, gaps } = await jobCosts({ store, catalogue, index, nowMs }, dearest(jobIds, cells))
  const costs = (await entriesIn(store, cells, range)) ?? cells.map((cell) => ({ atMs: cell.hourMs + stepMs, cell }))
  return {
    ...range,
    total: amountsOf(cells),
    groupBy: request.groupBy,
    groups,
    jobs,
    jobsTotal: jobIds.length,
    comparisons: compareJobs(jobs),
    gaps: gaps.slice(0, apiConfig.costGapsMax),
    gapsTotal: gaps.length,
    linkMonths: await linkMonths(store, index, cells),
    rate: {
      currency: request.currency,
      usd: catalogue.usdPer[request.currency] ?? 1,
      catalogVersion: catalogue.version,
      day: catalogue.ratesOn?.[request.currency] ?? '',
    },
    catalogues: await cataloguesOf(store, cells, catalogue),
    points: costPoints(costs, groups.slice(0, apiConfig.costCurvesMax), facts, request.groupBy),
  }
}

type Range = { readonly fromMs: number; readonly toMs: number }

/** Whole steps, so that one is counted or is not. */
function rangeOf({ fromMs, toMs }: CostsRequest, nowMs: number, stepMs: number): Range {
  const untilMs = toMs > 0 ? toMs : nowMs + 1
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(untilMs / stepMs) * stepMs }
}

async function refuseUnknown(store: Store, jobIds: readonly string[]): Promise<void> {
  const known = new Set((await store.jobFacts(jobIds)).map(({ id }) => id))
  for (const id of jobIds) if (!known.has(id)) throw notFound('job', id)
}

type Cells = { readonly cells: readonly LedgerCell[]; readonly range: Range; readonly stepMs: number }

/** By hour for few jobs and for days; by day for many jobs over longer, and where hours would be too many. */
async function cellsIn(store: Store, request: CostsRequest, nowMs: number): Promise<Cells> {
  const { owner, labels } = request
  const jobIds = request.jobIds.length > 0 ? request.jobIds : null
  const { costCellsMax, costJobsMax, costHoursMax } = apiConfig
  const lasting = rangeOf(request, nowMs, hourMs)
  const areFew = jobIds !== null && jobIds.length <= costJobsMax
  const isShort = lasting.toMs - lasting.fromMs <= costHoursMax * hourMs
  for (const by of areFew || isShort ? (['hour', 'day'] as const) : (['day'] as const)) {
    const stepMs = by === 'hour' ? hourMs : dayMs
    const range = rangeOf(request, nowMs, stepMs)
    const cells = await store.listCells({ jobIds, ...range, owner, labels, by, limit: costCellsMax + 1 })
    if (cells.length <= costCellsMax) return { cells, range, stepMs }
  }
  const text = `what was asked for comes to more than ${costCellsMax} sums by day; ask for a shorter time, one owner or fewer jobs`
  throw new CloudlessError('exhausted', 'TOO_MANY_COSTS', text)
}

/** What is told in detail: the dearest first, of equals the lower id. */
function dearest(jobIds: readonly string[], cells: readonly LedgerCell[]): readonly string[] {
  const usd = new Map(jobIds.map((id) => [id, 0]))
  for (const { jobId, amountUsd } of cells) usd.set(jobId, usd.get(jobId)! + amountUsd)
  return [...usd]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, apiConfig.costJobsMax)
    .map(([id]) => id)
}

/** Entries tell the time more closely than hours do; null where there are too many. */
async function entriesIn(store: Store, cells: readonly LedgerCell[], range: Range): Promise<readonly Cost[] | null> {
  if (cells.reduce((sum, { entries }) => sum + entries, 0) > apiConfig.costPointEntriesMax) return null
  const costs: Cost[] = []
  for (const jobId of new Set(cells.map((cell) => cell.jobId)))
    for (const entry of await allEntries(store, jobId))
      if (entry.fromMs >= range.fromMs && entry.fromMs < range.toMs)
        costs.push({ atMs: entry.toMs, cell: cellOf(entry) })
  return costs
}

export async function allEntries(store: Store, jobId: string): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = []
  let after: LedgerCursor | null = null
  for (;;) {
    const page: readonly LedgerEntry[] = await store.listLedger(jobId, apiConfig.ledgerPageEntries, after)
    entries.push(...page)
    if (page.length < apiConfig.ledgerPageEntries) return entries
    after = page.at(-1)!
  }
}

async function cataloguesOf(
  store: Store,
  cells: readonly LedgerCell[],
  inForce: Catalogue,
): Promise<Costs['catalogues']> {
  const byHash = [...Map.groupBy(cells, ({ catalogHash }) => catalogHash)].sort(([a], [b]) => (a < b ? -1 : 1))
  return Promise.all(
    byHash.map(async ([hash, own]) => ({
      hash,
      version: hash === inForce.hash ? inForce.version : ((await store.catalogue(hash))?.version ?? ''),
      usd: own.reduce((sum, { amountUsd }) => sum + amountUsd, 0),
    })),
  )
}
