// Packs by limits, as INFless does for functions that may need all they may use at any time: nobody is ever slowed, and what
// is not used is wasted.
import { placementConfig } from './config.ts'
import type { PlacementPolicy } from './demand.ts'
import { pack } from './packing.ts'

export const limitPacking: PlacementPolicy = {
  name: 'limit-packing',
  bounds: { requestMilliMax: placementConfig.requestMilliMax, limitMilliMax: placementConfig.wholeMilli },
  place: (index, demand) => {
    const { limitMilli } = demand.share
    return pack(index, { ...demand, share: { ...demand.share, requestMilli: limitMilli } })
  },
}
