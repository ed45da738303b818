// Optimal matching by load power: LP_r = samples/s of region r ÷ samples of region r, so 1/LP_r is its epoch time. All
// regions end an epoch together iff their load powers are equal, and the region with the smallest one at full
// allocation cannot be helped. Every other region takes the cheapest units that keep up with it. A reconstruction of
// the matching in Cloudless-Training (arXiv 2303.05330). Limit: WAN time and egress are forecast, not optimised.
import { throughputTolerance } from './config.ts'
import { coverCheaply } from './cover-cheaply.ts'
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

export const loadPower: Policy = whereDataLies(matchLoadPower)

export function matchLoadPower(offers: readonly RegionOffer[]): readonly Choice[] {
  const straggler = findStraggler(offers)
  return offers.map((offer) => match(offer, straggler))
}

type Straggler = { readonly region: string; readonly loadPower: number }

/** The region that bounds the epoch. Ties go to the lower name, so that two planners with the same snapshot agree. */
function findStraggler(regions: readonly RegionOffer[]): Straggler {
  let straggler: Straggler = { region: '', loadPower: Number.POSITIVE_INFINITY }
  for (const offer of regions) {
    const full = throughputOf(offer, everyUnit(offer)) / offer.samples
    if (full < straggler.loadPower * (1 - throughputTolerance)) straggler = { region: offer.region, loadPower: full }
  }
  return straggler
}

function match(offer: RegionOffer, straggler: Straggler): Choice {
  const { region } = offer
  const { units, isExact } = coverCheaply(offer, straggler.loadPower * offer.samples)
  const reached = throughputOf(offer, units) / offer.samples
  const taken = `${region} takes ${describeUnits(offer, units)}`
  const limit = isExact ? '' : '; the cheapest of the combinations tried'
  const choice = { place: region, dataRegions: [region], units, figures: { loadPower: reached } }
  if (region === straggler.region) {
    const text = `${taken}: it bounds the epoch at ${figure(1 / reached)} s (load power ${figure(reached)} epochs/s)`
    return { ...choice, rule: 'bounds-the-epoch', text: text + limit }
  }
  const text =
    `${taken}: load power ${figure(reached)} epochs/s keeps up with ` +
    `${figure(straggler.loadPower)} of ${straggler.region}, which bounds the epoch`
  return { ...choice, rule: 'matched-load-power', text: text + limit }
}
