// Prices are compared in USD, at the rate that the catalogue states.
import { invalid } from '#runtime/errors.ts'

export function usdRate(usdPer: Readonly<Record<string, number>>, currency: string): number {
  const rate = currency === 'USD' ? 1 : Object.hasOwn(usdPer, currency) ? usdPer[currency]! : Number.NaN
  if (rate > 0 && Number.isFinite(rate)) return rate
  const description = `has no rate for ${currency}, in which the cloud asks its prices; state it under usdPer of a catalogue`
  throw invalid([{ field: `usdPer.${currency}`, description }], 'NO_EXCHANGE_RATE')
}
