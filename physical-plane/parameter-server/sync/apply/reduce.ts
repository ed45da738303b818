// The mean over the regions that arrived. A region counts by its weight, the samples behind its contribution; shares are
// normalised over those who are here, so an absent region is not a vector of zeros but nothing at all. Summed in float64
// in ascending region id and rounded once, so that whoever reduces the same contributions gets the same bits.
import { assert } from '#runtime/assert.ts'
import type { Vector } from './outer-kernels.ts'

export interface MeanKernel<V extends Vector> {
  /** target = Σ weight × values / Σ weight, summed in float64 in the order given. */
  weightedMean(target: V, contributions: readonly { readonly values: V; readonly weight: number }[]): void
}

/**
 * Contributions in ascending region id, their weights made to shares that sum to 1. Where nobody has any weight, as when
 * all that is left to agree on is the end, all count the same.
 */
export function inShares<C extends { readonly region: string; readonly weight: number }>(
  contributions: readonly C[],
): readonly C[] {
  const ordered = [...contributions].sort((a, b) => (a.region < b.region ? -1 : 1))
  for (const [i, { region, weight }] of ordered.entries()) {
    assert(Number.isFinite(weight) && weight >= 0, `region ${region} contributes with weight ${weight}`)
    assert(ordered[i + 1]?.region !== region, `region ${region} contributes twice to one round`)
  }
  const total = ordered.reduce((sum, { weight }) => sum + weight, 0)
  return ordered.map((contribution) => {
    return { ...contribution, weight: total === 0 ? 1 / ordered.length : contribution.weight / total }
  })
}

/** `members` as `inShares` gave them. A member whose weight is 0 must be among them but adds nothing. */
export function reduce<V extends Vector>(
  kernels: MeanKernel<V>,
  target: V,
  members: readonly { readonly region: string; readonly values: V; readonly weight: number }[],
): void {
  assert(members.length > 0, 'a round of nobody has no mean')
  for (const [i, { region }] of members.entries()) {
    assert(i === 0 || members[i - 1]!.region < region, `members must ascend, but ${region} comes late`)
  }
  kernels.weightedMean(target, members)
}
