// What agents report beside the state of instances: history that is only ever added to.

/**
 * One inter-region synchronisation as one region saw it, or several neighbouring ones merged: then bytes, seconds, steps
 * and samples are sums, shares, staleness and codec error means, members everybody who took part in any, and the rest
 * as in the last.
 */
export type Round = {
  readonly jobId: string
  readonly region: string
  /** Counts the region's records. */
  readonly number: number
  /** The same in every region; 0 where regions do not wait for each other. */
  readonly round: number
  readonly members: readonly string[]
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Since the region's record before. */
  readonly seconds: number
  readonly exchangeSeconds: number
  readonly atMs: number
  readonly replicaHash: string
  /** Regions that took no part, and why. */
  readonly absent: Readonly<Record<string, string>>
  /** Share of the job's data that lies in regions that took no part. */
  readonly excludedDataShare: number
  readonly fragment: number
  readonly fragments: number
  readonly codec: string
  readonly steps: number
  readonly samples: number
  readonly stallSeconds: number
  readonly stalenessSteps: number
  readonly codecError: number
  readonly planVersion: number
  readonly hub: string
  readonly term: number
  readonly loss: number
  readonly fraction: number
  /** How many rounds this stands for, from `firstNumber` to `number`. */
  readonly rounds: number
  readonly firstNumber: number
  readonly firstRound: number
  /** In how many of them a region was absent. */
  readonly absentRounds: Readonly<Record<string, number>>
}

/** All rounds of a region together, and the last as it was. */
export type RoundTotals = {
  readonly region: string
  readonly rounds: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly seconds: number
  readonly exchangeSeconds: number
  readonly stallSeconds: number
  readonly steps: number
  readonly samples: number
  /** Rounds in which some region took no part. */
  readonly incompleteRounds: number
  /** Mean over the rounds of the data share that took no part. */
  readonly excludedDataShare: number
  readonly last: Round
}

export type Evaluation = {
  readonly jobId: string
  readonly region: string
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
  readonly isFinal: boolean
  readonly atMs: number
}

export type InstanceEvent = {
  readonly jobId: string
  readonly instanceId: string
  readonly attempt: number
  readonly kind: string
  readonly text: string
  readonly atMs: number
}
