// The four regions of HALoS (Kim et al., ICML 2025; utnslab/halos 4b5bf73): four workers each, WAN links in Gbit/s between
// pairs of regions, 100 Gbit/s inside one; Pythia-70M, a step of 238 ms. The paper's fixture has no round trips; 100 ms is
// an assumption that weighs little beside transfers of seconds.
export const regions: readonly string[] = ['halos/0', 'halos/1', 'halos/2', 'halos/3']
export const workersPerRegion = 4
export const paperStepMs = 238
export const roundTripMs = 100
export const localGbitPerSecond = 100
/** Trained parameters of Pythia-70M with its embeddings. */
export const billedElements = 70_426_624

const pairs: readonly (readonly [number, number, number])[] = [
  [0, 1, 0.537],
  [0, 2, 0.935],
  [0, 3, 0.202],
  [1, 2, 0.386],
  [1, 3, 0.117],
  [2, 3, 0.127],
]

/** In either direction. */
export function gbitPerSecond(a: string, b: string): number {
  const [one, two] = [regions.indexOf(a), regions.indexOf(b)].toSorted((x, y) => x - y)
  const pair = pairs.find(([low, high]) => low === one && high === two)
  if (pair === undefined) throw new Error(`the matrix has no link between ${a} and ${b}`)
  return pair[2]
}

/** A gradient up and parameters down, between a worker and its region's parameter server. */
export function exchangeMs(): number {
  return (2 * billedElements * 4 * 8) / (localGbitPerSecond * 1e6)
}
