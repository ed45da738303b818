// Which catalogues plans were made with, read back.
import type { CatalogueCursor, CatalogueRecord } from '../store.ts'
import type { Row, Statements } from './statements.ts'

export function readCatalogue(sql: Statements, hash: string): CatalogueRecord | null {
  const row = sql.get('SELECT * FROM catalogues WHERE hash = ?', hash)
  return row === null ? null : recordOf(row)
}

export function findCatalogues(sql: Statements, named: string, limit: number): readonly CatalogueRecord[] {
  const rows = sql.all(
    `SELECT * FROM catalogues WHERE version = ? OR (length(?) >= 8 AND substr(hash, 1, length(?)) = ?)
     ORDER BY first_used_at_ms DESC, hash DESC LIMIT ?`,
    named,
    named,
    named,
    named,
    limit,
  )
  return rows.map(recordOf)
}

export function readCatalogues(
  sql: Statements,
  limit: number,
  after: CatalogueCursor | null,
): readonly CatalogueRecord[] {
  const before = after ?? { firstUsedAtMs: Number.MAX_SAFE_INTEGER, hash: '' }
  const rows = sql.all(
    `SELECT * FROM catalogues WHERE (first_used_at_ms, hash) < (?, ?)
     ORDER BY first_used_at_ms DESC, hash DESC LIMIT ?`,
    before.firstUsedAtMs,
    before.hash,
    limit,
  )
  return rows.map(recordOf)
}

function recordOf(row: Row): CatalogueRecord {
  return {
    hash: String(row.hash),
    version: String(row.version),
    bytes: Number(row.bytes),
    firstUsedAtMs: Number(row.first_used_at_ms),
  }
}
