// The baseline: every unit that may be used, in every region with data. Where the job limits its workers, the fastest
// units come first (then the cheaper, then by name).
import {
  describeUnits,
  figure,
  throughputOf,
  whereDataLies,
  type Choice,
  type Place,
  type Policy,
  type RegionOffer,
} from './policy.ts'

export const useEverything: Policy = whereDataLies((offers) => offers.map(takeEverything))

export function takeEverything(offer: RegionOffer): Choice {
  const { region } = offer
  const units = everyUnit(offer)
  const loadPower = throughputOf(offer, units) / offer.samples
  const text = `${region} takes ${describeUnits(offer, units)}: load power ${figure(loadPower)} epochs/s`
  return { place: region, dataRegions: [region], units, rule: 'use-everything', text, figures: { loadPower } }
}

export function everyUnit(offer: Place): ReadonlyMap<string, number> {
  const fastestFirst = offer.devices.toSorted(
    (a, b) =>
      b.samplesPerSecondPerUnit - a.samplesPerSecondPerUnit ||
      a.usdPerUnitHour - b.usdPerUnitHour ||
      (a.key < b.key ? -1 : 1),
  )
  const units = new Map<string, number>()
  let left = offer.unitsMax
  for (const device of fastestFirst) {
    const taken = Math.min(left, device.unitsFree)
    if (taken > 0) units.set(device.key, taken)
    left -= taken
  }
  return units
}
