// A refresh of some machines only leaves the other rows of a region as they were. Rows for any zone replace older ones of the same
// machines, which could otherwise outlive what was just asked.
import type { LayerPrice } from '#regions/layer.ts'

/** The cheapest zone of each machine and market. */
export function forAnyZone(rows: readonly LayerPrice[]): readonly LayerPrice[] {
  const same = Map.groupBy(rows, ({ market, instanceType }) => `${market} ${instanceType}`)
  return [...same.values()]
    .filter((group) => group.every(({ zone }) => zone !== ''))
    .map((group) => ({ ...group.reduce((a, b) => (b.usdPerUnitHour < a.usdPerUnitHour ? b : a)), zone: '' }))
}
