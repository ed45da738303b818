// The baseline: every unit that may be used, in every region with data. Where the job limits its workers, the fastest
// units come first (then the cheaper, then by name).
import { describeUnits, figure, throughputOf, type Policy, type RegionOffer } from './policy.ts'

export const useEverything: Policy = ({ regions }) =>
  regions.map((offer) => {
    const units = everyUnit(offer)
    const loadPower = throughputOf(offer, units) / offer.samples
    const text = `${offer.region} takes ${describeUnits(offer, units)}: load power ${figure(loadPower)} epochs/s`
    return { region: offer.region, units, rule: 'use-everything', text }
  })

export function everyUnit(offer: RegionOffer): ReadonlyMap<string, number> {
  const fastestFirst = offer.devices.toSorted(
    (a, b) =>
      b.samplesPerSecondPerUnit - a.samplesPerSecondPerUnit ||
      a.usdPerUnitHour - b.usdPerUnitHour ||
      (a.deviceModel < b.deviceModel ? -1 : 1),
  )
  const units = new Map<string, number>()
  let left = offer.unitsMax
  for (const device of fastestFirst) {
    const taken = Math.min(left, device.unitsFree)
    if (taken > 0) units.set(device.deviceModel, taken)
    left -= taken
  }
  return units
}
