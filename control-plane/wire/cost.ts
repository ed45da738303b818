// Ledger and cost report as a client sees them.
import type { CostReport as WireCostReport } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { LedgerEntry as WireLedgerEntry } from '#proto/generated/cloudless/v1/LedgerEntry.ts'
import type { CostReport, LedgerEntry } from '#control-plane/model/ledger.ts'
import { wireUsageKind } from './enums.ts'

export function encodeLedgerEntry(entry: LedgerEntry): WireLedgerEntry {
  return { ...entry, kind: wireUsageKind[entry.kind] }
}

export function encodeCostReport(report: CostReport): WireCostReport {
  return { ...report, regions: [...report.regions], links: [...report.links] }
}
