// Entries and cells added up. A cell is what entries that are alike come to in an hour; the store keeps them beside the
// ledger, so that months of it are added up without reading every entry, and `cellsOf` says what it has to keep.
import { hourMs, type CostAmounts, type LedgerCell } from '#control-plane/model/costs.ts'
import { bytesPerGb, secondsPerMonth } from '#control-plane/model/egress.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'

/** Counted once by id, in ascending order of it: the same ledger gives the same sums to the last bit. */
export function distinctEntries(entries: Iterable<LedgerEntry>): readonly LedgerEntry[] {
  const byId = new Map<string, LedgerEntry>()
  for (const entry of entries) if (!byId.has(entry.id)) byId.set(entry.id, entry)
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** In ascending order of their keys. */
export function cellsOf(entries: Iterable<LedgerEntry>): readonly LedgerCell[] {
  const cells = new Map<string, LedgerCell>()
  for (const entry of distinctEntries(entries)) {
    const cell = cellOf(entry)
    const key = cellKey(cell)
    const known = cells.get(key)
    cells.set(
      key,
      known === undefined
        ? cell
        : {
            ...known,
            quantity: known.quantity + cell.quantity,
            amountUsd: known.amountUsd + cell.amountUsd,
            entries: known.entries + 1,
            leftSeconds: known.leftSeconds + cell.leftSeconds,
          },
    )
  }
  return [...cells].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cell]) => cell)
}

/** Of one entry. */
export function cellOf(entry: LedgerEntry): LedgerCell {
  const { jobId, region, kind, subject, attempt, purpose, catalogHash, quantity, amountUsd } = entry
  const { leftSeconds = 0 } = entry
  const hour = Math.floor(entry.fromMs / hourMs) * hourMs
  const key = { jobId, hourMs: hour, region, kind, subject, attempt, purpose, catalogHash }
  return { ...key, quantity, amountUsd, entries: 1, leftSeconds }
}

function cellKey(cell: LedgerCell): string {
  const { jobId, region, kind, subject, attempt, purpose, catalogHash } = cell
  return JSON.stringify([
    jobId,
    String(cell.hourMs).padStart(16, '0'),
    region,
    kind,
    subject,
    attempt,
    purpose,
    catalogHash,
  ])
}

export const noAmounts: CostAmounts = {
  totalUsd: 0,
  computeUsd: 0,
  egressUsd: 0,
  movementUsd: 0,
  storageUsd: 0,
  startUsd: 0,
  redoUsd: 0,
  idleUsd: 0,
  deviceSeconds: 0,
  wanBytes: 0,
  storageGbMonths: 0,
  entries: 0,
  leftSeconds: 0,
}

export function amountsOf(cells: Iterable<LedgerCell>): CostAmounts {
  const sum: { -readonly [Name in keyof CostAmounts]: number } = { ...noAmounts }
  for (const cell of cells) {
    const usd = cell.amountUsd
    sum.entries += cell.entries
    switch (cell.kind) {
      case 'device-seconds':
        sum.computeUsd += usd
        sum.deviceSeconds += cell.quantity
        sum.leftSeconds += cell.leftSeconds
        if (cell.purpose === 'start') sum.startUsd += usd
        if (cell.purpose === 'redo') sum.redoUsd += usd
        if (cell.purpose === 'idle') sum.idleUsd += usd
        break
      case 'wan-bytes':
        sum.wanBytes += cell.quantity
        if (cell.purpose === 'data') sum.movementUsd += usd
        else sum.egressUsd += usd
        break
      case 'storage-byte-seconds':
        sum.storageUsd += usd
        sum.storageGbMonths += cell.quantity / bytesPerGb / secondsPerMonth
        break
    }
  }
  // Not added up beside the others, so that its parts are the total to the last bit.
  sum.totalUsd = sum.computeUsd + sum.egressUsd + sum.movementUsd + sum.storageUsd
  return sum
}
