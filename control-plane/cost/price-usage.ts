// Metered use times a price. Device seconds take the price that the job's plan was made with, for the whole device: of a share,
// agents meter the part of its time that was used. Bytes take the price of the catalogue's link; either stands in the entry, so that a later price list changes nothing that was billed.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { classKey, classNamed } from '#control-plane/model/device-class.ts'
import { partOfWhole, shareOn, type GpuShare } from '#control-plane/model/gpu-share.ts'
import { bytesPerGb, egressUsd, secondsPerMonth } from '#control-plane/model/egress.ts'
import type { LedgerEntry, Usage } from '#control-plane/model/ledger.ts'
import type { Allocation, Plan } from '#control-plane/model/plan.ts'
import type { Price } from '#control-plane/model/snapshot.ts'
import type { Violation } from '#control-plane/model/violation.ts'

export type Priced =
  | { readonly kind: 'priced'; readonly entry: LedgerEntry }
  /** The usage can not be right or has no price; the violations name its fields. */
  | { readonly kind: 'refused'; readonly violations: readonly Violation[] }

/**
 * The entry of one usage record. Its id names the region, the usage and when its window began: a repeated record is the same entry,
 * while that of a machine that lost its disk and numbers its windows from the beginning again is another one.
 * `bytesBefore` is what its link has carried in its month until now, by which a price in tiers goes.
 */
export function priceUsage(usage: Usage, plan: Plan | null, index: CatalogueIndex, bytesBefore = 0): Priced {
  const violations = check(usage)
  if (violations.length > 0) return { kind: 'refused', violations }
  const charge = chargeOf(usage, plan, index, bytesBefore)
  if (charge === null) return { kind: 'refused', violations: [unpriced(usage, index)] }
  const { isPlanned, ...price } = charge
  const catalogHash = isPlanned && plan !== null ? plan.catalogHash : index.catalogue.hash
  return {
    kind: 'priced',
    entry: { ...usage, id: `${usage.region}:${usage.id}@${usage.fromMs}`, ...price, catalogHash },
  }
}

/** What others had of the GPUs that this is a share of, or nobody; nothing where it had them whole. */
export function leftSeconds(usage: Usage, share: GpuShare | null | undefined): Pick<LedgerEntry, 'leftSeconds'> {
  const { kind, subject, quantity, fromMs, toMs } = usage
  const isShare = kind === 'device-seconds' && shareOn(classNamed(subject).deviceModel, share ?? undefined) !== null
  const left = isShare ? (toMs - fromMs) / 1000 - quantity : 0
  return left > 0 ? { leftSeconds: left } : {}
}

type Charge = Pick<LedgerEntry, 'unitPriceUsd' | 'unitPrice' | 'currency' | 'amountUsd'> & {
  /** The price is the plan's own. */
  readonly isPlanned: boolean
}

function chargeOf(usage: Usage, plan: Plan | null, index: CatalogueIndex, bytesBefore: number): Charge | null {
  switch (usage.kind) {
    case 'device-seconds':
      return chargeOfDevice(usage, plan, index)
    case 'wan-bytes':
      return chargeOfBytes(usage, index, bytesBefore)
    case 'storage-byte-seconds':
      return chargeOfStorage(usage, index)
  }
}

function chargeOfDevice(usage: Usage, plan: Plan | null, index: CatalogueIndex): Charge | null {
  const { region, subject, quantity } = usage
  const planned = plan?.partitions
    .filter(({ place }) => place === region)
    .flatMap(({ allocations }) => allocations)
    .find((allocation) => classKey(allocation) === subject)
  const listed = index.price(region, classNamed(subject))
  const unitPriceUsd = (planned === undefined ? undefined : wholePrice(planned, listed)) ?? listed?.usdPerUnitHour
  if (unitPriceUsd === undefined) return null
  const isListed = listed !== null && listed.usdPerUnitHour === unitPriceUsd
  const stated = isListed ? { unitPrice: listed.perUnitHour, currency: listed.currency } : inUsd(unitPriceUsd)
  return {
    unitPriceUsd,
    ...stated,
    amountUsd: (quantity * unitPriceUsd) / secondsPerHour,
    isPlanned: planned !== undefined,
  }
}

/** Of the device where a unit is a share of it; as it is listed, to the last bit, where that has not changed. */
function wholePrice({ usdPerUnitHour, gpuShare }: Allocation, listed: Price | null): number {
  const part = partOfWhole(gpuShare)
  return listed !== null && listed.usdPerUnitHour * part === usdPerUnitHour
    ? listed.usdPerUnitHour
    : usdPerUnitHour / part
}

/** Bytes that stay in their region cost nothing. Over several tiers, or by bandwidth, the unit price is the mean. */
function chargeOfBytes(usage: Usage, index: CatalogueIndex, bytesBefore: number): Charge | null {
  const { region, subject, quantity, fromMs, toMs } = usage
  if (subject === region) return { unitPriceUsd: 0, ...inUsd(0), amountUsd: 0, isPlanned: false }
  const egress = index.link(region, subject)?.egress
  if (egress === undefined) return null
  const amountUsd = egressUsd(egress, quantity, (toMs - fromMs) / 1000, bytesBefore)
  const onlyTier = egress.kind === 'per-gb' && egress.tiers.length === 1 ? egress.tiers[0]?.usdPerGb : undefined
  const unitPriceUsd = onlyTier ?? (quantity > 0 ? (amountUsd / quantity) * bytesPerGb : 0)
  return { unitPriceUsd, ...inUsd(unitPriceUsd), amountUsd, isPlanned: false }
}

/** Where nobody knows a price, as on one's own disks, it is 0, as forecasts have it: what was used is in the ledger all the same. */
function chargeOfStorage({ region, quantity }: Usage, index: CatalogueIndex): Charge | null {
  const known = index.region(region)
  if (known === null) return null
  const unitPriceUsd = known.storageUsdPerGbMonth ?? 0
  const amountUsd = (quantity / bytesPerGb / secondsPerMonth) * unitPriceUsd
  return { unitPriceUsd, ...inUsd(unitPriceUsd), amountUsd, isPlanned: false }
}

function inUsd(unitPrice: number): Pick<LedgerEntry, 'unitPrice' | 'currency'> {
  return { unitPrice, currency: 'USD' }
}

const secondsPerHour = 3600

function check(usage: Usage): readonly Violation[] {
  const violations: Violation[] = []
  for (const field of ['id', 'jobId', 'region', 'subject'] as const) {
    if (usage[field] === '') violations.push({ field: `usage.${field}`, description: 'is empty; name it' })
  }
  if (!Number.isFinite(usage.quantity) || usage.quantity < 0) {
    violations.push({ field: 'usage.quantity', description: `${usage.quantity} is not a number of at least 0` })
  }
  if (!(usage.toMs >= usage.fromMs)) {
    violations.push({ field: 'usage.toMs', description: `${usage.toMs} lies before fromMs ${usage.fromMs}` })
  }
  return violations
}

function unpriced(usage: Usage, index: CatalogueIndex): Violation {
  const what = {
    'device-seconds': `device ${usage.subject} in`,
    'wan-bytes': `link to ${usage.subject} from`,
    'storage-byte-seconds': 'storage in',
  }[usage.kind]
  const description = `${what} ${usage.region} has no price in catalogue ${index.catalogue.version}; add it there`
  return { field: 'usage.subject', description }
}
