// What of a partition survives its process: the JSON part of its checkpoints. Everything in it and the vectors beside
// it were taken at one moment, between two steps.
import { CloudlessError } from '#runtime/errors.ts'
import type { Snapshot } from './checkpoint.ts'
import type { EvaluationSnapshot } from './evaluations.ts'
import type { LeaseSnapshot } from './leases.ts'
import type { StepCounts } from './meters.ts'
import type { OutboxSnapshot } from './outbox.ts'
import type { PartitionRecord } from './records.ts'
import type { Layout } from './replica/layout.ts'
import type { Replica } from './replica/replica.ts'
import type { StrategySnapshot } from './sync/strategy.ts'
import type { Phase } from './worker-group.ts'

export const stateFormat = 1

export type PartitionState = {
  readonly format: number
  readonly jobId: string
  readonly region: string
  readonly phase: Phase
  readonly isDrainRequested: boolean
  readonly layout: Layout | null
  readonly optimiserSteps: number
  readonly strategyName: string
  readonly strategy: unknown
  readonly leases: LeaseSnapshot
  readonly leasesReturned: number
  readonly evaluations: EvaluationSnapshot
  readonly applied: Readonly<Record<string, number>>
  readonly outbox: OutboxSnapshot
  readonly drained: readonly string[]
  readonly finals: readonly { readonly region: string; readonly mass: number }[]
  readonly counts: StepCounts
  readonly rounds: number
  readonly wanBytesSent: Readonly<Record<string, number>>
  readonly records: readonly PartitionRecord[]
  readonly modelHash: string
}

type Vectors = Readonly<Record<string, Float32Array>>

/** The state in a snapshot, checked to be this partition's. */
export function stateOf(
  snapshot: Snapshot,
  expected: { readonly jobId: string; readonly region: string; readonly strategyName: string },
): PartitionState {
  const state = snapshot.state as PartitionState
  const wanted = { format: stateFormat, ...expected }
  for (const name of ['format', 'jobId', 'region', 'strategyName'] as const) {
    if (state[name] === wanted[name]) continue
    const text = `the checkpoint has ${name} "${state[name]}" where "${wanted[name]}" is expected; give each partition its own folder`
    throw new CloudlessError('conflict', 'FOREIGN_CHECKPOINT', text)
  }
  return state
}

/** Copies: the replica goes on changing while a checkpoint is written. */
export function replicaVectors(replica: Replica): Vectors {
  const optimiser = replica.optimiserState.map(({ name, values }) => [`optimiser/${name}`, values.slice()] as const)
  return { values: replica.values.slice(), ...Object.fromEntries(optimiser) }
}

export function restoreReplica(replica: Replica, optimiserSteps: number, vectors: Vectors): void {
  replica.values.set(vectors['values']!)
  for (const { name, values } of replica.optimiserState) values.set(vectors[`optimiser/${name}`]!)
  replica.optimiserSteps = optimiserSteps
}

export function strategyVectors({ vectors }: StrategySnapshot): Vectors {
  return Object.fromEntries(Object.entries(vectors).map(([name, values]) => [`strategy/${name}`, values]))
}

export function strategySnapshot(state: unknown, vectors: Vectors): StrategySnapshot {
  const named = Object.entries(vectors).filter(([name]) => name.startsWith('strategy/'))
  return { state, vectors: Object.fromEntries(named.map(([name, values]) => [name.slice('strategy/'.length), values])) }
}
