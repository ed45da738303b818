// CostService: what a job cost so far, what many jobs cost, and the entries that the sums are made of.
import type { CostServiceHandlers } from '#proto/generated/cloudless/v1/CostService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { costReport } from '#control-plane/cost/cost-report.ts'
import type { JobRecord } from '#control-plane/store/store.ts'
import { encodeCostReport, encodeLedgerEntry } from '#control-plane/wire/cost.ts'
import { encodeCosts } from '#control-plane/wire/costs.ts'
import { notFound } from '#runtime/errors.ts'
import { allEntries, getCosts, type CostContext } from './get-costs.ts'
import { isSettled, secondsOf } from './job-costs.ts'
import { decodePageToken, encodePageToken, pageSize } from './page-token.ts'

export function costService(context: CostContext): Implementation<CostServiceHandlers> {
  const { store, clock } = context
  const jobOf = async (id: string): Promise<JobRecord> => {
    const record = await store.job(id)
    if (record === null) throw notFound('job', id)
    return record
  }
  return {
    getJobCost: async ({ jobId }) => {
      const record = await jobOf(jobId)
      const { job } = record
      const report = costReport({
        jobId,
        entries: await allEntries(store, jobId),
        plan: job.plan,
        seconds: secondsOf(job, clock.now()),
        isFinal: isSettled(record, clock.now()),
      })
      return { report: encodeCostReport(report) }
    },
    getCosts: async (request) => ({ costs: encodeCosts(await getCosts(context, request)) }),
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
