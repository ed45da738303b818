// Limits and constants of running pipelines.

export const pipelinesConfig = {
  /** Configurations that a search returns, so that there is another where the best fits nowhere (ESG's K). */
  answers: 5,
  /** Partial paths that one search looks at; with more it answers with the best that it has. 32 bytes each. */
  nodesMax: 500_000,
  /** Rounds that a queue waits for room before it takes the minimum configuration. */
  recheckRounds: 3,
  /** What who is late takes (late-rule.ts). */
  lateRule: 'thrifty',
} as const
