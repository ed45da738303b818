// One entry of the ledger with everything that is kept beside it, in the transaction of the commit: an id that is there already
// changes none of it. Cells are the ledger by hour and by day (UTC), spans when each attempt was metered, bins and months what links carried, so
// that reports and bills of months read hundreds of rows instead of millions.
import { billingBinMs, dayMs, hourMs, monthOf } from '#control-plane/model/costs.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import { encode } from '#runtime/encoding.ts'
import { storeConfig } from '../config.ts'
import type { Statements } from './statements.ts'

export function appendLedgerEntry(sql: Statements, entry: LedgerEntry): void {
  const added = sql.run(
    'INSERT OR IGNORE INTO ledger (id, job_id, from_ms, amount_usd, body) VALUES (?, ?, ?, ?, ?)',
    entry.id,
    entry.jobId,
    entry.fromMs,
    entry.amountUsd,
    encode(entry),
  )
  if (added === 0) return
  for (const table of ['jobs', 'functions'])
    sql.run(`UPDATE ${table} SET cost_usd = cost_usd + ? WHERE id = ?`, entry.amountUsd, entry.jobId)
  addToCell(sql, 'ledger_cells', floor(entry.fromMs, hourMs), entry)
  addToCell(sql, 'ledger_days', floor(entry.fromMs, dayMs), entry)
  if (entry.kind === 'device-seconds') addToSpans(sql, entry)
  if (entry.kind === 'wan-bytes' && entry.subject !== entry.region) addToLink(sql, entry)
}

function addToCell(sql: Statements, table: 'ledger_cells' | 'ledger_days', atMs: number, entry: LedgerEntry): void {
  const at = table === 'ledger_cells' ? 'hour_ms' : 'day_ms'
  sql.run(
    `INSERT INTO ${table}
       (job_id, ${at}, region, kind, subject, attempt, purpose, catalog_hash, quantity, amount_usd, left_seconds, entries)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
     ON CONFLICT DO UPDATE SET
       quantity = quantity + excluded.quantity, amount_usd = amount_usd + excluded.amount_usd,
       left_seconds = left_seconds + excluded.left_seconds, entries = entries + 1`,
    entry.jobId,
    atMs,
    entry.region,
    entry.kind,
    entry.subject,
    entry.attempt,
    entry.purpose,
    entry.catalogHash,
    entry.quantity,
    entry.amountUsd,
    entry.leftSeconds ?? 0,
  )
}

/** Windows that touch or overlap become one span; in whatever order they come, the spans are the same. */
function addToSpans(sql: Statements, { jobId, instanceId, region, attempt, fromMs, toMs }: LedgerEntry): void {
  if (toMs <= fromMs) return
  const touched = sql.get(
    `SELECT count(*) AS n, min(from_ms) AS from_ms, max(to_ms) AS to_ms FROM metered_spans
     WHERE job_id = ? AND instance_id = ? AND attempt = ? AND from_ms <= ? AND to_ms >= ?`,
    jobId,
    instanceId,
    attempt,
    toMs,
    fromMs,
  )!
  if (Number(touched.n) > 0)
    sql.run(
      `DELETE FROM metered_spans
       WHERE job_id = ? AND instance_id = ? AND attempt = ? AND from_ms <= ? AND to_ms >= ?`,
      jobId,
      instanceId,
      attempt,
      toMs,
      fromMs,
    )
  sql.run(
    'INSERT INTO metered_spans (job_id, instance_id, attempt, region, from_ms, to_ms) VALUES (?, ?, ?, ?, ?, ?)',
    jobId,
    instanceId,
    attempt,
    region,
    touched.n === 0 ? fromMs : Math.min(fromMs, Number(touched.from_ms)),
    touched.n === 0 ? toMs : Math.max(toMs, Number(touched.to_ms)),
  )
}

/** Bytes count as sent evenly in their window. */
function addToLink(sql: Statements, { region, subject, fromMs, toMs, quantity, amountUsd }: LedgerEntry): void {
  sql.run(
    `INSERT INTO link_months (from_region, to_region, month_ms, bytes, amount_usd) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes, amount_usd = amount_usd + excluded.amount_usd`,
    region,
    subject,
    monthOf(fromMs),
    quantity,
    amountUsd,
  )
  for (const [binMs, share] of binsOf(fromMs, toMs))
    sql.run(
      `INSERT INTO link_bins (from_region, to_region, bin_ms, bytes) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes`,
      region,
      subject,
      binMs,
      quantity * share,
    )
}

/** Bins with their share of a window; a very long one counts as its last part. */
function binsOf(windowFromMs: number, toMs: number): readonly (readonly [number, number])[] {
  const fromMs = Math.max(windowFromMs, toMs - storeConfig.linkBinsPerEntryMax * billingBinMs)
  const first = floor(fromMs, billingBinMs)
  if (toMs <= fromMs || toMs <= first + billingBinMs) return [[first, 1]]
  const bins: [number, number][] = []
  for (let at = first; at < toMs; at += billingBinMs) {
    const within = Math.min(toMs, at + billingBinMs) - Math.max(fromMs, at)
    bins.push([at, within / (toMs - fromMs)])
  }
  return bins
}

function floor(atMs: number, stepMs: number): number {
  return Math.floor(atMs / stepMs) * stepMs
}
