// What a simulation comes to, as plain data: the command line renders it as text, JSON or a page. One run per policy, all on
// the same capacity, arrivals, losses and delays.

export type SimulationReport = {
  readonly name: string
  readonly seed: number
  readonly catalogVersion: string
  readonly catalogHash: string
  readonly regions: number
  readonly units: number
  readonly arrivals: number
  readonly lengthSeconds: number
  readonly runs: readonly RunReport[]
}

export type RunReport = {
  readonly policy: string
  readonly jobs: {
    readonly submitted: number
    /** At submit, as a user would have been. */
    readonly refused: number
    /** By state, of those that were submitted; what has not ended is under its state at the end of the time. */
    readonly byState: Readonly<Record<string, number>>
    /** Up to ten, each once. */
    readonly refusals: readonly string[]
  }
  /** From the first arrival to the last end. */
  readonly makespanSeconds: number
  readonly waiting: Spread
  /** From arrival to end. */
  readonly turnaround: Spread
  readonly deadlines: { readonly jobs: number; readonly met: number }
  readonly cost: Cost
  /** Actual over forecast of the first plan, of jobs that ended well. */
  readonly forecast: { readonly seconds: Spread; readonly usd: Spread }
  readonly utilisation: {
    /** Unit-seconds in use over unit-seconds that were there. */
    readonly share: number
    /** Of those in use: training. */
    readonly trainingShare: number
    /** In ascending order of device class, then by region. */
    readonly byClass: readonly UseRow[]
    readonly byRegion: readonly UseRow[]
  }
  readonly spot: { readonly unitsLost: number; readonly workersHit: number }
  readonly replans: number
  /** Evenly over the run. */
  readonly sights: readonly SightRow[]
}

export type Spread = {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly max: number
}

export type Cost = {
  readonly totalUsd: number
  readonly computeUsd: number
  readonly egressUsd: number
  readonly storageUsd: number
  readonly egressBytes: number
  readonly entries: number
  /** Compute by what the time was for. */
  readonly byPurpose: Readonly<Record<string, number>>
  /** In ascending order of region. */
  readonly byRegion: readonly {
    readonly region: string
    readonly computeUsd: number
    readonly egressUsd: number
    readonly egressBytes: number
  }[]
}

export type UseRow = {
  readonly name: string
  readonly units: number
  readonly busyHours: number
  readonly availableHours: number
  readonly share: number
}

export type SightRow = {
  readonly atSeconds: number
  readonly waiting: number
  readonly running: number
  readonly unitsInUse: number
  readonly unitsThere: number
}
