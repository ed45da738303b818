// Packs by requests and lets limits sum up to anything: the densest, and where all are busy at once nobody gets more than a
// request.
import { placementConfig } from './config.ts'
import type { PlacementPolicy } from './demand.ts'
import { pack } from './packing.ts'

export const requestPacking: PlacementPolicy = {
  name: 'request-packing',
  bounds: { requestMilliMax: placementConfig.requestMilliMax, limitMilliMax: 2 ** 30 },
  place: pack,
}
