// What bytes cost on a link, for the two kinds of network price. Limits: tiers count what the month has seen on that link
// alone, and a bill by 95th percentile belongs to a whole month of everybody's traffic, so that a single job's part of it is
// an agreement: the mean rate while it ran, at the price of that rate, for the share of a month that it ran.
import type { EgressPrice } from '#regions/catalogue.ts'

// The deciding folders import the model only; this comes along with it.
export type { EgressPrice } from '#regions/catalogue.ts'

export const bytesPerGb = 1e9
/** A twelfth of a mean year. */
export const secondsPerMonth = (365.25 * 86_400) / 12

/**
 * USD for so many bytes, sent evenly in `seconds`, after `bytesBefore` in the same month.
 * @example egressUsd({ kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb: 0.02 }] }, 5e9, 60) // 0.1
 */
export function egressUsd(price: EgressPrice, bytes: number, seconds: number, bytesBefore = 0): number {
  if (bytes <= 0) return 0
  if (price.kind === 'per-gb') {
    // Most links have one price for all.
    const [only] = price.tiers
    if (price.tiers.length === 1 && only?.upToGb === null) return (bytes / bytesPerGb) * only.usdPerGb
    const tiers = price.tiers.map(({ upToGb, usdPerGb }) => ({ upTo: upToGb, usd: usdPerGb }))
    return between(tiers, bytesBefore / bytesPerGb, (bytesBefore + bytes) / bytesPerGb)
  }
  // Shorter than a second is billed as one, rather than as an endless rate.
  const lasting = Math.max(1, seconds)
  return mbitMonthUsd(price, (8 * bytes) / 1e6 / lasting) * (lasting / secondsPerMonth)
}

/** USD for so many Mbit/s, the whole month long. */
export function mbitMonthUsd(
  { tiers }: Extract<EgressPrice, { readonly kind: 'p95-month' }>,
  mbitPerSecond: number,
): number {
  const ascending = tiers.map(({ upToMbit, usdPerMbitMonth }) => ({ upTo: upToMbit, usd: usdPerMbitMonth }))
  return between(ascending, 0, mbitPerSecond)
}

type Tier = { readonly upTo: number | null; readonly usd: number }

/** The price of what lies between two amounts, tier by tier. */
function between(tiers: readonly Tier[], from: number, to: number): number {
  let usd = 0
  let start = 0
  for (const { upTo, usd: each } of tiers) {
    const end = upTo ?? Number.POSITIVE_INFINITY
    usd += each * Math.max(0, Math.min(to, end) - Math.max(from, start))
    start = end
  }
  return usd
}
