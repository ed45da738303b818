// The ledger, entry by entry or as it is added up beside it.
import type { JobFacts, LedgerCell, MeteredSpan, TrafficBin } from '#control-plane/model/costs.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import { decode } from '#runtime/encoding.ts'
import type { CellQuery, LedgerCursor, LinkMonthTotals } from '../store.ts'
import { bodies } from './read-rows.ts'
import type { Row, Statements } from './statements.ts'

export function readLedger(
  sql: Statements,
  jobId: string,
  limit: number,
  after: LedgerCursor | null,
): readonly LedgerEntry[] {
  const from = after ?? { fromMs: -1, id: '' }
  return bodies(
    sql.all(
      'SELECT body FROM ledger WHERE job_id = ? AND (from_ms, id) > (?, ?) ORDER BY from_ms, id LIMIT ?',
      jobId,
      from.fromMs,
      from.id,
      limit,
    ),
  )
}

export function readCells(sql: Statements, query: CellQuery): readonly LedgerCell[] {
  const { jobIds, fromMs, toMs, owner, labels, limit } = query
  const rows = sql.all(
    `SELECT c.job_id, c.hour_ms, c.region, c.kind, c.subject, c.attempt, c.purpose, c.catalog_hash, c.quantity,
       c.amount_usd, c.entries
     FROM ledger_cells c JOIN jobs j ON j.id = c.job_id
     WHERE c.hour_ms >= ? AND c.hour_ms < ?
       AND (? IS NULL OR c.job_id IN (SELECT value FROM json_each(?)))
       AND (? IS NULL OR json_extract(j.body, '$.spec.owner') = ?)
       AND NOT EXISTS (SELECT 1 FROM json_each(?) wanted WHERE NOT EXISTS (
         SELECT 1 FROM json_each(j.body, '$.spec.labels') has WHERE has.key = wanted.key AND has.value = wanted.value))
     ORDER BY c.job_id, c.hour_ms, c.region, c.kind, c.subject, c.attempt, c.purpose, c.catalog_hash
     LIMIT ?`,
    fromMs,
    toMs,
    ...twice(jobIds === null ? null : JSON.stringify(jobIds)),
    ...twice(owner),
    JSON.stringify(labels),
    limit,
  )
  return rows.map(cellOf)
}

export function readJobFacts(sql: Statements, jobIds: readonly string[]): readonly JobFacts[] {
  const rows = sql.all(
    `SELECT id, json_extract(body, '$.spec.name') AS name, json_extract(body, '$.spec.owner') AS owner,
       json_extract(body, '$.spec.labels') AS labels, json_extract(body, '$.spec.sync.strategy') AS strategy
     FROM jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    JSON.stringify(jobIds),
  )
  return rows.map(({ id, name, owner, labels, strategy }) => ({
    id: String(id),
    name: String(name),
    owner: String(owner),
    labels: decode<Record<string, string>>(String(labels)),
    strategy: String(strategy),
  }))
}

export function readSpans(sql: Statements, jobId: string, limit: number): readonly MeteredSpan[] {
  const rows = sql.all(
    `SELECT instance_id, attempt, region, from_ms, to_ms FROM metered_spans
     WHERE job_id = ? ORDER BY instance_id, attempt, from_ms LIMIT ?`,
    jobId,
    limit,
  )
  return rows.map((row) => ({
    jobId,
    instanceId: String(row.instance_id),
    region: String(row.region),
    attempt: Number(row.attempt),
    fromMs: Number(row.from_ms),
    toMs: Number(row.to_ms),
  }))
}

export function readLinkMonth(sql: Statements, from: string, to: string, monthMs: number): LinkMonthTotals {
  const row = sql.get(
    'SELECT bytes, amount_usd FROM link_months WHERE from_region = ? AND to_region = ? AND month_ms = ?',
    from,
    to,
    monthMs,
  )
  return { bytes: Number(row?.bytes ?? 0), amountUsd: Number(row?.amount_usd ?? 0) }
}

export function readLinkBins(
  sql: Statements,
  from: string,
  to: string,
  fromMs: number,
  toMs: number,
): readonly TrafficBin[] {
  const rows = sql.all(
    `SELECT bin_ms, bytes FROM link_bins
     WHERE from_region = ? AND to_region = ? AND bin_ms >= ? AND bin_ms < ? ORDER BY bin_ms`,
    from,
    to,
    fromMs,
    toMs,
  )
  return rows.map((row) => ({ atMs: Number(row.bin_ms), bytes: Number(row.bytes) }))
}

function cellOf(row: Row): LedgerCell {
  return {
    jobId: String(row.job_id),
    hourMs: Number(row.hour_ms),
    region: String(row.region),
    kind: row.kind as LedgerCell['kind'],
    subject: String(row.subject),
    attempt: Number(row.attempt),
    purpose: row.purpose as LedgerCell['purpose'],
    catalogHash: String(row.catalog_hash),
    quantity: Number(row.quantity),
    amountUsd: Number(row.amount_usd),
    entries: Number(row.entries),
  }
}

function twice(value: string | null): [string | null, string | null] {
  return [value, value]
}
