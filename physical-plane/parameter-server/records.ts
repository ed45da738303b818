// What the agent must write into its journal: rounds and evaluations, kept (in checkpoints too) until it says it has them.
// After a crash a record may be told twice; a round is named by its number, an evaluation by its epoch.
import { recordsMax } from './config.ts'

export type RoundRecord = {
  readonly kind: 'round'
  /** Counts this region's records. */
  readonly number: number
  /** Of the round that all regions committed; 0 where they do not wait for each other. */
  readonly round: number
  readonly members: readonly string[]
  /** Regions that took no part, and why. */
  readonly absent: Readonly<Record<string, string>>
  /** Share of the job's data that lies in regions that took no part. */
  readonly excludedDataShare: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Since the record before. */
  readonly seconds: number
  /** How long the exchange took, or the newest one that ended; 0 where none did. */
  readonly exchangeSeconds: number
  readonly atMs: number
  readonly replicaHash: string
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
}
export type EvaluationRecord = {
  readonly kind: 'evaluation'
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
  readonly isFinal: boolean
  readonly atMs: number
}
export type PartitionRecord = RoundRecord | EvaluationRecord

export class Records {
  #records: PartitionRecord[]
  /** Records taken by the agent or dropped, since this process began. */
  #taken = 0
  #dropped = 0

  constructor(records: readonly PartitionRecord[] = []) {
    this.#records = [...records]
  }

  /** The position of the first record that the agent has not taken. */
  get taken(): number {
    return this.#taken
  }

  /** Records given up because the agent took none for very long. */
  get dropped(): number {
    return this.#dropped
  }

  get waiting(): readonly PartitionRecord[] {
    return this.#records
  }

  add(record: PartitionRecord): void {
    this.#records.push(record)
    if (this.#records.length <= recordsMax) return
    const oldestRound = this.#records.findIndex(({ kind }) => kind === 'round')
    this.#records.splice(Math.max(0, oldestRound), 1)
    this.#taken += 1
    this.#dropped += 1
  }

  /** The record at a position counted since this process began; null when there is none yet. */
  at(position: number): PartitionRecord | null {
    return this.#records[position - this.#taken] ?? null
  }

  /** The agent has every record before this position. */
  take(position: number): void {
    const count = Math.min(Math.max(0, position - this.#taken), this.#records.length)
    this.#records.splice(0, count)
    this.#taken += count
  }
}
