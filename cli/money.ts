// Money in the currency that was asked for, at the rate that the catalogue states.
import type { ExchangeRate__Output } from '#proto/generated/cloudless/v1/ExchangeRate.ts'
import { formatUsd } from './units.ts'

export type Money = {
  readonly currency: string
  /** Of an amount of USD. */
  readonly of: (usd: number) => number
  /** For people: "$1.23" or "8.79 CNY". */
  readonly format: (usd: number) => string
  /** What was converted at which rate; '' for USD. */
  readonly rateText: string
}

export function moneyIn(rate: ExchangeRate__Output | null): Money {
  if (rate === null || rate.currency === 'USD' || !(rate.usd > 0))
    return { currency: 'USD', of: (usd) => usd, format: formatUsd, rateText: '' }
  const { currency, usd: usdPer, catalogVersion, day } = rate
  const of = (usd: number): number => usd / usdPer
  const at = day === '' ? '' : ` of ${day}`
  return {
    currency,
    of,
    format: (usd) => `${formatUsd(of(usd)).replace('$', '')} ${currency}`,
    rateText: `1 ${currency} = ${usdPer} USD, the rate${at} in catalogue ${catalogVersion}`,
  }
}
