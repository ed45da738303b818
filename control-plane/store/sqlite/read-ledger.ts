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

/** Only what is asked for is put into the statement, so that it finds its way by an index. */
export function readCells(sql: Statements, query: CellQuery): readonly LedgerCell[] {
  const { jobIds, fromMs, toMs, owner, labels, by, limit } = query
  const jobs = jobsWith(owner, labels)
  const [table, at] = by === 'hour' ? ['ledger_cells', 'hour_ms'] : ['ledger_days', 'day_ms']
  const columns = `job_id, ${at}, region, kind, subject, attempt, purpose, catalog_hash`
  const rows = sql.all(
    `SELECT ${columns}, quantity, amount_usd, entries, left_seconds FROM ${table} WHERE ${at} >= ? AND ${at} < ?
       ${jobIds === null ? '' : 'AND job_id IN (SELECT value FROM json_each(?))'}
       ${jobs === null ? '' : `AND job_id IN (${jobs.select})`}
     ORDER BY ${columns} LIMIT ?`,
    fromMs,
    toMs,
    ...(jobIds === null ? [] : [JSON.stringify(jobIds)]),
    ...(jobs?.values ?? []),
    limit,
  )
  return rows.map((row) => cellOf(row, at))
}

/** Null where every job will do. */
function jobsWith(
  owner: string | null,
  labels: CellQuery['labels'],
): { readonly select: string; readonly values: readonly string[] } | null {
  const wanted = Object.keys(labels).length > 0
  if (owner === null && !wanted) return null
  const conditions = [
    ...(owner === null ? [] : [`json_extract(body, '$.spec.owner') = ?`]),
    ...(wanted
      ? [
          `NOT EXISTS (SELECT 1 FROM json_each(?) wanted WHERE NOT EXISTS (
             SELECT 1 FROM json_each(payers.body, '$.spec.labels') has
             WHERE has.key = wanted.key AND has.value = wanted.value))`,
        ]
      : []),
  ]
  return {
    select: `SELECT id FROM payers WHERE ${conditions.join(' AND ')}`,
    values: [...(owner === null ? [] : [owner]), ...(wanted ? [JSON.stringify(labels)] : [])],
  }
}

export function readJobFacts(sql: Statements, jobIds: readonly string[]): readonly JobFacts[] {
  const rows = sql.all(
    `SELECT id, json_extract(body, '$.spec.name') AS name, json_extract(body, '$.spec.owner') AS owner,
       json_extract(body, '$.spec.labels') AS labels, coalesce(json_extract(body, '$.spec.sync.strategy'), '') AS strategy
     FROM payers WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
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

function cellOf(row: Row, at: string): LedgerCell {
  return {
    jobId: String(row.job_id),
    hourMs: Number(row[at]),
    region: String(row.region),
    kind: row.kind as LedgerCell['kind'],
    subject: String(row.subject),
    attempt: Number(row.attempt),
    purpose: row.purpose as LedgerCell['purpose'],
    catalogHash: String(row.catalog_hash),
    quantity: Number(row.quantity),
    amountUsd: Number(row.amount_usd),
    entries: Number(row.entries),
    leftSeconds: Number(row.left_seconds),
  }
}
