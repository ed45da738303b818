// A baseline: each region's data where the cheapest sample is to be had, on all units of that class, whatever it costs to bring
// the data there and however long it takes.
import { describeUnits, figure, type Choice, type DeviceOffer, type Place, type Policy } from './policy.ts'

export const cheapestGpu: Policy = ({ data, places }) => {
  const byRegion = new Map(places.map((place) => [place.region, place]))
  const chosen = data.map(({ region, places: allowed }) => {
    const offers = allowed.map((name) => cheapestIn(byRegion.get(name)!))
    return {
      region,
      ...offers.toSorted((a, b) => usdPerSample(a.device) - usdPerSample(b.device) || byDistance(region, a, b))[0]!,
    }
  })
  const choices = [...Map.groupBy(chosen, ({ place }) => place.region)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, here]): Choice => {
      const { place, device } = here[0]!
      const units = new Map([[device.key, Math.min(device.unitsFree, place.unitsMax)]])
      const usdPerMillionSamples = 1e6 * usdPerSample(device)
      const text = `${name} takes ${describeUnits(place, units)}: a million samples for $${figure(usdPerMillionSamples)}`
      const dataRegions = here.map(({ region }) => region)
      return { place: name, dataRegions, units, rule: 'cheapest-gpu', text, figures: { usdPerMillionSamples } }
    })
  return { kind: 'chosen', choices, exchange: null, refused: [], alternatives: [], bound: null }
}

type Offer = { readonly place: Place; readonly device: DeviceOffer }

function cheapestIn(place: Place): Offer {
  const [device] = place.devices.toSorted((a, b) => usdPerSample(a) - usdPerSample(b) || (a.key < b.key ? -1 : 1))
  return { place, device: device! }
}

/** Of places that cost the same: where the data is, else the lowest name. */
function byDistance(home: string, a: Offer, b: Offer): number {
  if ((a.place.region === home) !== (b.place.region === home)) return a.place.region === home ? -1 : 1
  return a.place.region < b.place.region ? -1 : 1
}

function usdPerSample({ usdPerUnitHour, samplesPerSecondPerUnit }: DeviceOffer): number {
  return usdPerUnitHour / samplesPerSecondPerUnit / 3600
}
