// CostService: what a job cost so far, and the entries that the sum is made of.
import type { CostServiceHandlers } from '#proto/generated/cloudless/v1/CostService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { costReport } from '#control-plane/cost/cost-report.ts'
import { endStates } from '#control-plane/model/job.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import { idleMsOf } from '#control-plane/model/resumption.ts'
import { hasEnded } from '#control-plane/model/snapshot.ts'
import type { JobRecord, LedgerCursor, Store } from '#control-plane/store/store.ts'
import { encodeCostReport, encodeLedgerEntry } from '#control-plane/wire/cost.ts'
import type { Clock } from '#runtime/clock.ts'
import { notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { decodePageToken, encodePageToken, pageSize } from './page-token.ts'

export function costService(store: Store, clock: Clock): Implementation<CostServiceHandlers> {
  const jobOf = async (id: string): Promise<JobRecord> => {
    const record = await store.job(id)
    if (record === null) throw notFound('job', id)
    return record
  }
  return {
    getJobCost: async ({ jobId }) => {
      const record = await jobOf(jobId)
      const { job } = record
      const untilMs = job.endedAtMs ?? clock.now()
      const report = costReport({
        jobId,
        entries: await allEntries(store, jobId),
        plan: job.plan,
        seconds: job.startedAtMs === null ? 0 : Math.max(0, untilMs - job.startedAtMs - idleMsOf(job)) / 1000,
        isFinal: isSettled(record, clock.now()),
      })
      return { report: encodeCostReport(report) }
    },
    listLedgerEntries: async ({ jobId, pageSize: asked, pageToken }) => {
      const limit = pageSize(asked)
      const cursor = decodePageToken(pageToken, jobId)
      await jobOf(jobId)
      const found = await store.listLedger(
        jobId,
        limit + 1,
        cursor === null ? null : { fromMs: cursor.at, id: cursor.id },
      )
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return {
        entries: page.map(encodeLedgerEntry),
        nextPageToken: last === undefined ? '' : encodePageToken({ at: last.fromMs, id: last.id }, jobId),
      }
    },
  }
}

/** The last use is reported when an instance is down; one that nobody hears of is waited for only so long. */
function isSettled({ job, instances }: JobRecord, nowMs: number): boolean {
  if (!endStates.has(job.state)) return false
  const isDown = instances.every((instance) => hasEnded(instance) || instance.state === 'planned')
  return isDown || nowMs - (job.endedAtMs ?? nowMs) > apiConfig.costSettleMs
}

async function allEntries(store: Store, jobId: string): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = []
  let after: LedgerCursor | null = null
  for (;;) {
    const page: readonly LedgerEntry[] = await store.listLedger(jobId, apiConfig.ledgerPageEntries, after)
    entries.push(...page)
    if (page.length < apiConfig.ledgerPageEntries) return entries
    after = page.at(-1)!
  }
}
