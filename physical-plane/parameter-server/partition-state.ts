// What of a partition survives its process: the JSON part of its checkpoints. Everything in it and the vectors beside
// it were taken at one moment, between two steps.
import { CloudlessError } from '#runtime/errors.ts'
import { present } from '#runtime/assert.ts'
import type { Snapshot } from './checkpoint.ts'
import type { EvaluationSnapshot } from './evaluations.ts'
import type { LeaseSnapshot } from './leases.ts'
import type { StepCounts } from './meters.ts'
import type { OutboxSnapshot } from './outbox.ts'
import type { PartitionOptions } from './partition-options.ts'
import type { PartitionRecord } from './records.ts'
import type { Layout } from './replica/layout.ts'
import type { VectorMemory } from './replica/memory.ts'
import type { Replica } from './replica/replica.ts'
import type { RoundsState } from './rounds/rounds.ts'
import type { StrategySnapshot } from './sync/update-strategy.ts'
import type { Phase } from './worker-group.ts'

export const stateFormat = 2

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
  readonly roundsState: RoundsState | null
  readonly leases: LeaseSnapshot
  readonly leasesReturned: number
  readonly evaluations: EvaluationSnapshot
  readonly applied: Readonly<Record<string, number>>
  readonly outbox: OutboxSnapshot
  readonly counts: StepCounts
  readonly rounds: number
  readonly wanBytesSent: Readonly<Record<string, number>>
  /** Of these, what was sent before the partition was moved to where it has this checkpoint from; absent in older ones. */
  readonly wanBytesSentElsewhere?: Readonly<Record<string, number>>
  /** How often it had been moved then. */
  readonly wanMoves?: number
  readonly refused: Readonly<Record<string, number>>
  readonly cursors: Readonly<Record<string, string>>
  readonly records: readonly PartitionRecord[]
  readonly modelHash: string
}

export type Vectors = Readonly<Record<string, Float32Array>>

/** The state in a snapshot, checked to be this partition's. */
export function stateOf(
  snapshot: Snapshot,
  { jobId, region, sync }: Pick<PartitionOptions, 'jobId' | 'region' | 'sync'>,
): PartitionState {
  const state = snapshot.state as PartitionState
  const wanted = { format: stateFormat, jobId, region, strategyName: sync.strategy }
  for (const name of ['format', 'jobId', 'region', 'strategyName'] as const) {
    if (state[name] === wanted[name]) continue
    const text = `the checkpoint has ${name} "${state[name]}" where "${wanted[name]}" is expected; give each partition its own folder`
    throw new CloudlessError('conflict', 'FOREIGN_CHECKPOINT', text)
  }
  return state
}

export function replicaVectors(replica: Replica): Vectors {
  const optimiser = replica.optimiserState.map(({ name, values }) => [`optimiser/${name}`, values] as const)
  return { values: replica.values, ...Object.fromEntries(optimiser) }
}

export function restoreReplica(
  replica: Replica,
  optimiserSteps: number,
  vectors: Vectors,
  { kernels }: VectorMemory,
): void {
  for (const [name, target] of Object.entries(replicaVectors(replica))) {
    kernels.copy(target, present(vectors[name], `the vector ${name} of a checkpoint`))
  }
  replica.optimiserSteps = optimiserSteps
}

export function strategyVectors({ vectors }: StrategySnapshot): Vectors {
  return prefixed('strategy/', vectors)
}

export function prefixed(prefix: string, vectors: Vectors): Vectors {
  return Object.fromEntries(Object.entries(vectors).map(([name, values]) => [prefix + name, values]))
}

/** Those whose names begin so, without it. */
export function unprefixed(prefix: string, vectors: Vectors): Vectors {
  const named = Object.entries(vectors).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(named.map(([name, values]) => [name.slice(prefix.length), values]))
}

/** Copies of vectors that go on changing, taken where the stream of kernels stands now. Resolves when they can be read. */
export async function copiesOf(
  living: Vectors,
  memory: VectorMemory,
): Promise<{ readonly vectors: Vectors; readonly release: () => void }> {
  const copies = Object.entries(living).map(([name, values]) => [name, memory.copyOf(values)] as const)
  await memory.settled()
  return { vectors: Object.fromEntries(copies), release: () => copies.forEach(([, copy]) => memory.release(copy)) }
}
