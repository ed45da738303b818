// What re-planning remembers of a running job from one look at it to the next. It is lost with the process: then what is off
// the plan has to be seen some times again.

export type ElasticState = {
  /** How many observations in a row were off the plan, by what was observed. What is on plan is not in it. */
  readonly off: Readonly<Record<string, number>>
  /** The round, or count of steps, of each partition that was looked at last. */
  readonly seen: Readonly<Record<string, number>>
  /** When the plan was last weighed against others. */
  readonly weighedAtMs: number
}

/** By job id. */
export type ElasticMemory = ReadonlyMap<string, ElasticState>

export const nothingSeen: ElasticState = { off: {}, seen: {}, weighedAtMs: Number.NEGATIVE_INFINITY }
