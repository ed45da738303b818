// What a simulated run is made of. Everything follows from the seed.

export type SimulationOptions = {
  readonly seed: number
  /** Virtual time during which jobs arrive and faults strike; afterwards everything must come to its end. */
  readonly hours: number
  readonly jobs: number
  /** Mean number of faults an hour, over all kinds. */
  readonly faultsPerHour: number
  readonly cpuUnits: number
  /** Plans change besides: units, prices, notices that a machine will be taken away. */
  readonly isElastic?: boolean
  readonly log?: (line: string) => void
  /** Sabotage, to prove that it is found: changes a final model before it is judged. */
  readonly onModel?: (values: Float32Array) => void
  /** Sabotage: processes that live longer than is metered. */
  readonly unmeteredMs?: number
}

export const regionNames = ['aws/us-east-1', 'onprem/lab', 'tencent/ap-shanghai'] as const

/** Five minutes with six jobs and a fault every 6 seconds: what a test runs for each seed. */
export const briefRun: Omit<SimulationOptions, 'seed'> = { hours: 1 / 12, jobs: 6, faultsPerHour: 600, cpuUnits: 4 }

/** The same with plans that change while jobs run. */
export const elasticRun: Omit<SimulationOptions, 'seed'> = { ...briefRun, isElastic: true }

/** Virtual time after the last fault within which every job must have ended. */
export const graceHours = 2
