// How INFless (ASPLOS'22) judges a configuration: a batch may take half of the objective, or all of it where nothing is gathered; what it
// answers a second at most, what must come at least so that batches fill in time, and how long one may be gathered. The formula as it
// is meant: the published program mixes up its best throughput per resource.

export type InflessOffer = {
  readonly ratePerSecondMax: number
  readonly ratePerSecondMin: number
  /** A batch is gathered so long at most. */
  readonly gatherMs: number
}

/** Null where the configuration is too slow for the objective. */
export function inflessOffer(batchMs: number, batch: number, sloMs: number): InflessOffer | null {
  if (batchMs > (batch > 1 ? sloMs / 2 : sloMs)) return null
  return {
    ratePerSecondMax: Math.floor((1_000 / batchMs) * batch),
    ratePerSecondMin: batch === 1 ? 1 : Math.floor((1_000 / (sloMs - batchMs)) * batch),
    gatherMs: sloMs - batchMs,
  }
}

export type InflessPlace = {
  readonly ratePerSecondMax: number
  /** Best requests a second per resource of any configuration in the profile. */
  readonly efficiencyMax: number
  /** Of the node, after this one is placed, in the same resource; and the whole of it. */
  readonly freeAfter: number
  readonly slot: number
}

/** The greater the better: much throughput where little is left over. */
export function inflessScore({ ratePerSecondMax, efficiencyMax, freeAfter, slot }: InflessPlace): number {
  return ratePerSecondMax / efficiencyMax / (freeAfter / slot)
}
