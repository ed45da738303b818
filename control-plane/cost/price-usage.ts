// Metered use times a price. Device seconds take the price that the job's plan was made with, bytes that of the
// catalogue's link; either stands in the entry, so that a later price list changes nothing that was billed.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { LedgerEntry, Usage } from '#control-plane/model/ledger.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Violation } from '#control-plane/model/violation.ts'

export type Priced =
  | { readonly kind: 'priced'; readonly entry: LedgerEntry }
  /** The usage can not be right or has no price; the violations name its fields. */
  | { readonly kind: 'refused'; readonly violations: readonly Violation[] }

/** The entry of one usage record. Its id is the region's and the usage's, so that a repeated record is the same entry. */
export function priceUsage(usage: Usage, plan: Plan | null, index: CatalogueIndex): Priced {
  const violations = check(usage)
  if (violations.length > 0) return { kind: 'refused', violations }
  const unitPriceUsd = usage.kind === 'device-seconds' ? devicePrice(usage, plan, index) : linkPrice(usage, index)
  if (unitPriceUsd === null) return { kind: 'refused', violations: [unpriced(usage, index)] }
  const perUnit = usage.kind === 'device-seconds' ? secondsPerHour : bytesPerGb
  const isPlanned = usage.kind === 'device-seconds' && plannedPrice(usage, plan) !== null
  const entry: LedgerEntry = {
    ...usage,
    id: `${usage.region}:${usage.id}`,
    unitPriceUsd,
    amountUsd: (usage.quantity * unitPriceUsd) / perUnit,
    catalogHash: isPlanned && plan !== null ? plan.catalogHash : index.catalogue.hash,
  }
  return { kind: 'priced', entry }
}

const secondsPerHour = 3600
const bytesPerGb = 1e9

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

function devicePrice(usage: Usage, plan: Plan | null, index: CatalogueIndex): number | null {
  return plannedPrice(usage, plan) ?? index.region(usage.region)?.usdPerUnitHour[usage.subject] ?? null
}

function plannedPrice(usage: Usage, plan: Plan | null): number | null {
  const partition = plan?.partitions.find(({ region }) => region === usage.region)
  return partition?.allocations.find(({ deviceModel }) => deviceModel === usage.subject)?.usdPerUnitHour ?? null
}

/** Bytes that stay in their region cost nothing. */
function linkPrice(usage: Usage, index: CatalogueIndex): number | null {
  if (usage.subject === usage.region) return 0
  return index.link(usage.region, usage.subject)?.egressUsdPerGb ?? null
}

function unpriced(usage: Usage, index: CatalogueIndex): Violation {
  const what = usage.kind === 'device-seconds' ? `device ${usage.subject} in` : `link to ${usage.subject} from`
  const description = `${what} ${usage.region} has no price in catalogue ${index.catalogue.version}; add it there`
  return { field: 'usage.subject', description }
}
