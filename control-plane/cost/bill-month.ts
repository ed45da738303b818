// What a cloud bills for one link's traffic of a calendar month (UTC), all of it together: by the GB through the tiers, or by
// the 95th percentile as Tencent Cloud's Cloud Connect Network has it: five-minute means of the days with traffic, the highest 5 %
// left out, the highest of the rest at its tier's price, times the share of the month's days that had traffic.
import { billingBinMs, dayMs, type LinkMonth, type TrafficBin } from '#control-plane/model/costs.ts'
import { egressUsd, mbitMonthUsd, type EgressPrice } from '#control-plane/model/egress.ts'
import { costConfig } from './config.ts'

const binsPerDay = dayMs / billingBinMs

export type MonthBill = Pick<LinkMonth, 'bytes' | 'p95MbitPerSecond' | 'days' | 'billUsd'>

/** Bins of one month, each once; those without traffic may be left out. */
export function billMonth(price: EgressPrice | null, bins: readonly TrafficBin[], monthMs: number): MonthBill {
  const busy = bins.filter(({ bytes }) => bytes > 0)
  const bytes = busy.reduce((sum, bin) => sum + bin.bytes, 0)
  const days = new Set(busy.map(({ atMs }) => Math.floor(atMs / dayMs))).size
  const p95MbitPerSecond = percentile95(busy, days)
  return { bytes, p95MbitPerSecond, days, billUsd: price === null ? 0 : usdOf(price) }

  function usdOf(of: EgressPrice): number {
    return of.kind === 'per-gb'
      ? egressUsd(of, bytes, 1)
      : (mbitMonthUsd(of, p95MbitPerSecond) * days) / daysOf(monthMs)
  }
}

function percentile95(busy: readonly TrafficBin[], days: number): number {
  const unbilled = Math.floor(days * binsPerDay * costConfig.unbilledShare)
  const falling = busy.map(({ bytes }) => bytes).sort((a, b) => b - a)
  return ((falling[unbilled] ?? 0) * 8) / 1e6 / (billingBinMs / 1000)
}

function daysOf(monthMs: number): number {
  const date = new Date(monthMs)
  return (Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) - monthMs) / dayMs
}
