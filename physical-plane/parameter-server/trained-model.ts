// What a partition trains: the replica, and the strategy that tells the others of it. It begins with somebody's first
// values, with a checkpoint, or, where the disk was lost, with a snapshot of another region.
import { CloudlessError } from '#runtime/errors.ts'
import type { ExchangeState } from './exchange-state.ts'
import type { Members } from './members.ts'
import type { PartitionOptions } from './partition-options.ts'
import {
  replicaVectors,
  restoreReplica,
  strategyVectors,
  unprefixed,
  type PartitionState,
  type Vectors,
} from './partition-state.ts'
import { layoutDifference, type Layout } from './replica/layout.ts'
import type { VectorMemory } from './replica/memory.ts'
import { Replica } from './replica/replica.ts'
import type { StateSnapshot } from './rounds/types.ts'
import { createStrategy } from './sync/create-strategy.ts'
import type { UpdateHeader } from './sync/update.ts'
import type { UpdateStrategy } from './sync/update-strategy.ts'

/** An update of this region that a snapshot does not have, decoded. */
export type Untold = { readonly header: UpdateHeader; readonly values: Float32Array }

export type TrainedModelParts = {
  readonly options: PartitionOptions
  readonly members: Members
  readonly memory: VectorMemory
  readonly state: ExchangeState
  readonly refused: (region: string, reason: string, text: string) => void
}

export class TrainedModel {
  readonly #parts: TrainedModelParts
  #replica: Replica | null = null
  #strategy: UpdateStrategy | null = null

  constructor(parts: TrainedModelParts) {
    this.#parts = parts
  }

  /** Null until a layout is known. Its values mean something once there is a strategy. */
  get replica(): Replica | null {
    return this.#replica
  }

  /** Null until there are first values. */
  get strategy(): UpdateStrategy | null {
    return this.#strategy
  }

  /** The replica of this layout; throws where another was known before. */
  adopt(layout: Layout, whose: string): Replica {
    if (this.#replica === null) {
      this.#replica = Replica.create(layout, this.#parts.memory)
      return this.#replica
    }
    const difference = layoutDifference(this.#replica.layout, layout)
    if (difference === null) return this.#replica
    const fix = 'every worker of a job must build the same model, whatever its region, data and device'
    const violations = [{ field: difference.slice(0, difference.indexOf(' ')), description: `${difference}; ${fix}` }]
    const text = `${whose} trains another model: ${difference}; ${fix}`
    throw new CloudlessError('conflict', 'LAYOUT_DIFFERS', text, { violations })
  }

  begin(replica: Replica, values: Float32Array): UpdateStrategy {
    this.#parts.memory.kernels.copy(replica.values, values)
    const strategy = this.#createStrategy(replica)
    strategy.start()
    this.#strategy = strategy
    return strategy
  }

  restore(
    layout: Layout,
    state: PartitionState,
    vectors: Vectors,
  ): { readonly replica: Replica; readonly strategy: UpdateStrategy } {
    const replica = this.adopt(layout, 'the checkpoint')
    restoreReplica(replica, state.optimiserSteps, vectors, this.#parts.memory)
    const strategy = this.#createStrategy(replica)
    strategy.restore({ state: state.strategy, vectors: unprefixed('strategy/', vectors) })
    this.#strategy = strategy
    return { replica, strategy }
  }

  save(): { readonly state: Pick<PartitionState, 'layout' | 'optimiserSteps' | 'strategy'>; readonly living: Vectors } {
    const replica = this.#replica
    if (replica === null || this.#strategy === null) {
      return { state: { layout: null, optimiserSteps: 0, strategy: null }, living: {} }
    }
    const strategy = this.#strategy.save()
    const { layout, optimiserSteps } = replica
    return {
      state: { layout, optimiserSteps, strategy: strategy.state },
      living: { ...replicaVectors(replica), ...strategyVectors(strategy) },
    }
  }

  /** A copy of the replica without what this region has not told yet; the caller releases it. */
  shareable(): Float32Array | null {
    const { memory } = this.#parts
    if (this.#replica === null || this.#strategy === null) return null
    const copy = memory.allocate(this.#replica.elementCount)
    memory.kernels.copy(copy, this.#replica.values)
    this.#strategy.takeUntoldFrom(copy)
    return copy
  }

  /** Updates of this region that the snapshot does not have; the caller releases their vectors. */
  async untoldSince({ versions }: StateSnapshot): Promise<readonly Untold[]> {
    const { state, memory, members } = this.#parts
    const strategy = this.#strategy
    const replica = this.#replica
    if (strategy === null || replica === null) return []
    const untold: Untold[] = []
    try {
      for (const { header, bytes } of state.outbox.since(versions[members.own] ?? 0)) {
        if (header.kind === 'initial') continue
        const values = memory.allocate(replica.elementCount)
        untold.push({ header, values })
        await strategy.decodes(header, bytes, values)
      }
      return untold
    } catch (error) {
      for (const { values } of untold) memory.release(values)
      throw error
    }
  }

  /** The snapshot's parameters take the replica's place; what the others do not know yet of this region stays. */
  rejoin(parameters: Float32Array, untold: readonly Untold[]): void {
    this.#strategy?.rebase(parameters, untold)
  }

  #createStrategy(replica: Replica): UpdateStrategy {
    const { options, members, memory, state, refused } = this.#parts
    return createStrategy(options.parts, {
      settings: options.sync,
      region: members.own,
      dataShare: members.shareOf(members.own),
      replica,
      memory,
      seed: options.seed,
      members: () => members.live,
      versions: () => state.versions.entries(),
      dropped: (region, steps) => {
        const limit = `staleness_max is ${options.sync.stalenessMax}; raise it, or exchange more often`
        const text = `an update of region ${region} is ${steps} steps old and left out, because ${limit}`
        refused(region, 'TOO_STALE', text)
      },
    })
  }
}
