// A baseline: units in proportion to data, whatever they are. The region with the fewest units for its data takes all of
// them; every other one takes as many per sample, the fastest first.
import {
  describeUnits,
  figure,
  throughputOf,
  whereDataLies,
  type Choice,
  type Policy,
  type RegionOffer,
} from './policy.ts'
import { everyUnit } from './use-everything.ts'

export const proportional: Policy = whereDataLies((offers) => {
  const unitsPerSample = Math.min(...offers.map(({ unitsMax, samples }) => unitsMax / samples))
  return offers.map((offer) => take(offer, unitsPerSample))
})

function take(offer: RegionOffer, unitsPerSample: number): Choice {
  const { region, samples, unitsMax } = offer
  const count = Math.min(unitsMax, Math.max(1, Math.ceil(samples * unitsPerSample * (1 - 1e-9))))
  const units = everyUnit({ ...offer, unitsMax: count })
  const loadPower = throughputOf(offer, units) / samples
  const text =
    `${region} takes ${describeUnits(offer, units)}, ${figure((1e6 * count) / samples)} for a million samples: ` +
    `load power ${figure(loadPower)} epochs/s`
  return { place: region, dataRegions: [region], units, rule: 'in-proportion', text, figures: { loadPower } }
}
