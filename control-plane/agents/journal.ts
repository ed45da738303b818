// Journal records applied exactly once: those up to the stored seq are skipped, the rest take effect in the transaction
// that moves the seq. A record that cannot be right is logged and passed over, because a journal that stops at it would
// hold back everything behind it for ever.
import type { JournalRecord__Output } from '#proto/generated/cloudless/v1/JournalRecord.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { monthOf } from '#control-plane/model/costs.ts'
import type { Job } from '#control-plane/model/job.ts'
import { leftSeconds, priceUsage } from '#control-plane/cost/price-usage.ts'
import { decodeRecord, type JournalRecord } from '#control-plane/wire/agent-messages.ts'
import { invalid, messageOf } from '#runtime/errors.ts'
import type { Usage } from '#control-plane/model/ledger.ts'
import type { Draft, LinkMonthOf } from './draft.ts'
import type { Report } from './intake.ts'

export type JournalContext = {
  readonly region: string
  readonly agentId: string
  readonly catalogue: CatalogueIndex
  readonly onRefused: (seq: number, why: string) => void
}

/** The report that applies these records on top of `fromSeq`; null when there is nothing new. */
export function journalReport(
  context: JournalContext,
  fromSeq: number,
  wire: readonly JournalRecord__Output[],
): { readonly report: Report; readonly toSeq: number } | null {
  const fresh = wire.filter((record) => record.seq > fromSeq)
  fresh.forEach((record, i) => {
    const before = i === 0 ? fromSeq : fresh[i - 1]!.seq
    if (Number.isSafeInteger(record.seq) && record.seq > before) return
    throw invalid([{ field: 'journal.records.seq', description: `${record.seq} comes after ${before}; send in order` }])
  })
  const toSeq = fresh.at(-1)?.seq
  if (toSeq === undefined) return null
  const records = fresh.flatMap((record) => readable(context, record))
  const write = (draft: Draft): void => {
    for (const { seq, content } of records) apply(context, draft, seq, content)
    draft.add({ kind: 'journal', agentId: context.agentId, fromSeq, toSeq })
  }
  const jobIds = records.map(({ content }) => jobIdOf(content))
  const linkMonths = records.flatMap(({ content }) => (content.kind === 'usage' ? linkMonthOf(content.usage) : []))
  return { report: { jobIds, linkMonths, write }, toSeq }
}

function readable(context: JournalContext, wire: JournalRecord__Output): readonly JournalRecord[] {
  try {
    return [{ seq: wire.seq, content: decodeRecord(wire, context.region) }]
  } catch (error) {
    context.onRefused(wire.seq, messageOf(error))
    return []
  }
}

function apply(context: JournalContext, draft: Draft, seq: number, content: JournalRecord['content']): void {
  const id = jobIdOf(content)
  const job = draft.job(id)
  const isOfFunction = job === null && draft.function(id) !== null
  if (job === null && !isOfFunction) {
    context.onRefused(seq, `${content.kind} of job ${id}, which does not exist here`)
    return
  }
  switch (content.kind) {
    case 'usage': {
      const [month] = linkMonthOf(content.usage)
      const before = month === undefined ? 0 : draft.carried(month)
      const priced = priceUsage(content.usage, job?.plan ?? null, context.catalogue, before)
      const share = job === null ? draft.function(id)?.spec.gpuShare : job.spec.resources.gpuShare
      if (priced.kind === 'priced')
        draft.add({ kind: 'ledger', entry: { ...priced.entry, ...leftSeconds(content.usage, share) } })
      else
        context.onRefused(seq, priced.violations.map(({ field, description }) => `${field} ${description}`).join('; '))
      break
    }
    case 'event':
      draft.add({ kind: 'event', event: content.event })
      break
    case 'round':
    case 'evaluation':
      if (job === null) context.onRefused(seq, `${content.kind} of ${id}, which is no job`)
      else applyOfJob(context, draft, job, content)
      break
  }
}

type OfJob = Extract<JournalRecord['content'], { readonly kind: 'round' | 'evaluation' }>

function applyOfJob(context: JournalContext, draft: Draft, job: Job, content: OfJob): void {
  switch (content.kind) {
    case 'round':
      draft.add({
        kind: 'round',
        round: { ...content.round, region: partitionOf(job, content.round.region, context.region) },
      })
      break
    case 'evaluation':
      draft.add({
        kind: 'evaluation',
        evaluation: { ...content.evaluation, region: partitionOf(job, content.evaluation.region, context.region) },
      })
      draft.putJob(withEvaluation(job, content.evaluation.metrics))
      break
  }
}

/** Whose tiers price it; none for what is no traffic between regions. */
function linkMonthOf({ kind, region, subject, fromMs }: Usage): readonly LinkMonthOf[] {
  return kind === 'wan-bytes' ? [{ from: region, to: subject, monthMs: monthOf(fromMs) }] : []
}

/** An agent speaks for the partition of its region, and for one that was moved: by its name. */
function partitionOf({ plan }: Job, named: string, region: string): string {
  const isOther = plan?.partitions.some((each) => each.region === named && (each.place === region || each.moves > 0))
  return isOther === true ? named : region
}

/** A journal is in order and one region evaluates, so the newest to arrive is the newest. */
function withEvaluation(job: Job, metrics: Readonly<Record<string, number>>): Job {
  return { ...job, evaluation: metrics }
}

// oxlint-disable-next-line consistent-return -- the switch is exhaustive
function jobIdOf(content: JournalRecord['content']): string {
  switch (content.kind) {
    case 'usage':
      return content.usage.jobId
    case 'round':
      return content.round.jobId
    case 'evaluation':
      return content.evaluation.jobId
    case 'event':
      return content.event.jobId
  }
}
