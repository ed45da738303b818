// Spot capacity at what it really costs: its price, and that of the work which is done again whenever it is taken away. The
// search then need not know that there are markets.
import { recoverySeconds } from '../config.ts'
import type { Problem } from '../policy.ts'

export function withSpotLosses(problem: Problem): Problem {
  const places = problem.places.map((place) => ({
    ...place,
    devices: place.devices.map((device) => ({
      ...device,
      usdPerUnitHour: device.usdPerUnitHour * (1 + (device.lossesPerHour * recoverySeconds) / 3600),
    })),
  }))
  return { ...problem, places }
}
