// How far the search goes before it takes the best it has found and tells what it has not proved.
export type SearchLimits = {
  /** Of assignments of data to places, parts of them counted too. */
  readonly branches: number
  /** Assignments for which units are looked for. */
  readonly solutions: number
  /** Regions that are weighed as the one where contributions meet, and those of them that units are looked for with. */
  readonly hubsWeighed: number
  readonly hubs: number
  /** Times that are looked at, for each of those. */
  readonly steps: number
  /** Combinations of units of one place, for each of those. */
  readonly coverNodes: number
  /** Choices of units in all places together that are enumerated to the last one. */
  readonly choices: number
}

export const searchLimits: SearchLimits = {
  branches: 20_000,
  solutions: 200,
  hubsWeighed: 100,
  hubs: 4,
  steps: 200,
  coverNodes: 5_000,
  choices: 20_000,
}
