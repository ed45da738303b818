// The groups of a cost report as CSV (RFC 4180): amounts in full, for a spreadsheet or a database.
import type { Costs__Output } from '#proto/generated/cloudless/v1/Costs.ts'
import { moneyIn } from '../money.ts'

export function costsCsv(costs: Costs__Output): string {
  const money = moneyIn(costs.rate)
  const inUsd = money.currency === 'USD'
  const head = [
    ...costs.groupBy,
    'total_usd',
    ...(inUsd ? [] : [`total_${money.currency.toLowerCase()}`]),
    'share',
    'compute_usd',
    'egress_usd',
    'movement_usd',
    'storage_usd',
    'start_usd',
    'redo_usd',
    'idle_usd',
    'device_seconds',
    'wan_bytes',
    'storage_gb_months',
    'entries',
    'left_seconds',
  ]
  const rows = costs.groups.map(({ key, amounts, share }) => {
    const usd = amounts?.totalUsd ?? 0
    return [
      ...key.map(text),
      usd,
      ...(inUsd ? [] : [money.of(usd)]),
      share,
      amounts?.computeUsd ?? 0,
      amounts?.egressUsd ?? 0,
      amounts?.movementUsd ?? 0,
      amounts?.storageUsd ?? 0,
      amounts?.startUsd ?? 0,
      amounts?.redoUsd ?? 0,
      amounts?.idleUsd ?? 0,
      amounts?.deviceSeconds ?? 0,
      amounts?.wanBytes ?? 0,
      amounts?.storageGbMonths ?? 0,
      amounts?.entries ?? 0,
      amounts?.leftSeconds ?? 0,
    ]
  })
  return [head.map(text), ...rows].map((row) => `${row.join(',')}\r\n`).join('')
}

/** Quoted where it must be; what a spreadsheet would take for a formula gets an apostrophe before it. */
function text(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
