// A partition's checkpoint: everything that must survive, as it stands at one moment between two steps. What goes on
// changing is copied where the stream of kernels stands now; what never changes is not.
import type { Taken } from './checkpointer.ts'
import type { Course } from './course.ts'
import type { ExchangeMark, ExchangeState } from './exchange-state.ts'
import type { StepMeter } from './meters.ts'
import type { PartitionOptions } from './partition-options.ts'
import { copiesOf, prefixed, stateFormat, type PartitionState } from './partition-state.ts'
import type { Records } from './records.ts'
import type { VectorMemory } from './replica/memory.ts'
import type { Rounds, RoundsMark } from './rounds/rounds.ts'
import type { TrainedModel } from './trained-model.ts'
import type { WorkerGroup } from './worker-group.ts'

/** What may be told to others once the checkpoint is durable. */
export type CheckpointMark = { readonly exchange: ExchangeMark; readonly rounds: RoundsMark }

export type CheckpointParts = {
  readonly options: PartitionOptions
  readonly memory: VectorMemory
  readonly model: TrainedModel
  readonly state: ExchangeState
  readonly rounds: Rounds
  readonly course: Course
  readonly group: WorkerGroup
  readonly steps: StepMeter
  readonly records: Records
}

/** The state is that of the moment of the call. */
export async function takeCheckpoint(parts: CheckpointParts): Promise<Taken<CheckpointMark>> {
  const { options, course } = parts
  const model = parts.model.save()
  const exchange = parts.state.save(course.phase === 'finished')
  const rounds = parts.rounds.save()
  const state: PartitionState = {
    ...exchange.state,
    ...model.state,
    format: stateFormat,
    jobId: options.jobId,
    region: options.region,
    phase: course.phase,
    isDrainRequested: course.isDrainRequested,
    strategyName: options.sync.strategy,
    roundsState: rounds.state,
    ...parts.group.save(),
    counts: parts.steps.counts,
    records: [...parts.records.waiting],
    modelHash: course.modelHash,
  }
  const fixed = { ...exchange.fixed, ...prefixed('rounds/', rounds.fixed) }
  const living = { ...model.living, ...prefixed('rounds/', rounds.living) }
  const { vectors, release } = await copiesOf(living, parts.memory)
  const mark = { exchange: exchange.mark, rounds: rounds.mark }
  return { snapshot: { state, vectors: { ...vectors, ...fixed } }, mark, release }
}
