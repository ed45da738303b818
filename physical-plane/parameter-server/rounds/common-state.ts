// What all regions of a job have in common as of the newest round, in this region: the shared parameters, the plan, whose
// contributions are in, and the rounds that it still keeps for those who missed them.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Replica } from '../replica/replica.ts'
import type { RoundRule } from '../sync/apply/apply-result.ts'
import { recentBytesMax, recentRoundsForSnapshotMax, recentRoundsMax } from './config.ts'
import { firstPlan } from './plan.ts'
import { SharedParameters } from './shared-parameters.ts'
import type { Proposal, RoundPlan, StateSnapshot } from './types.ts'

/** What a snapshot tells beside vectors. */
export type CommonValues = {
  readonly plan: RoundPlan | null
  /** The newest contribution of each region that is in the shared parameters, and its position in its data then. */
  readonly included: Readonly<Record<string, number>>
  readonly cursors: Readonly<Record<string, string>>
  readonly isFinished: boolean
}

export type CommonParts = {
  readonly settings: SyncSettings
  readonly parts: Parts
  readonly regions: readonly string[]
  readonly memory: VectorMemory
}

export class CommonState {
  readonly #parts: CommonParts
  #values: CommonValues
  #shared: SharedParameters | null = null
  #recent: readonly Proposal[] = []
  /** Its result can not be had any more. */
  lostRound = 0

  constructor(parts: CommonParts, values: CommonValues | null) {
    this.#parts = parts
    this.#values = values ?? { plan: null, included: {}, cursors: {}, isFinished: false }
  }

  get values(): CommonValues {
    return this.#values
  }

  get shared(): SharedParameters | null {
    return this.#shared
  }

  /** The newest rounds, ascending. */
  get recent(): readonly Proposal[] {
    return this.#recent
  }

  /** Where regions meet only at the end, they average their models. */
  get rule(): RoundRule {
    const { apply } = this.#parts.parts
    return apply === 'add' || apply === 'mass-mean' ? 'mean' : apply
  }

  createShared(replica: Replica): SharedParameters {
    this.#shared = new SharedParameters(this.rule, replica, this.#parts.memory)
    return this.#shared
  }

  /** Everybody begins with the same plan. */
  begin(replica: Replica): void {
    const { settings, parts, regions } = this.#parts
    const plan = this.#values.plan ?? firstPlan(settings, parts, regions, replica.elementCount)
    this.#values = { ...this.#values, plan }
  }

  /**
   * The round has been applied. Answers the oldest round that is kept: whoever takes the snapshot of `snapshotRound` needs
   * every one after it, however large they are.
   */
  committed(proposal: Proposal, snapshotRound: number | null, bytesOf: (round: number) => number): number {
    const { included, cursors } = this.#values
    const { members, plan, isFinal } = proposal
    this.#values = {
      plan,
      included: {
        ...included,
        ...Object.fromEntries(members.map(({ region, contributionId }) => [region, contributionId])),
      },
      cursors: { ...cursors, ...Object.fromEntries(members.map(({ region, cursor }) => [region, cursor])) },
      isFinished: isFinal,
    }
    const all = [...this.#recent, proposal]
    let recent = all.slice(-recentRoundsMax)
    const bytes = (): number => recent.reduce((sum, { round }) => sum + bytesOf(round), 0)
    while (recent.length > 1 && bytes() > recentBytesMax) recent = recent.slice(1)
    if (snapshotRound !== null) {
      const oldest = recent[0]!.round
      recent = all.filter(({ round }) => round > snapshotRound || round >= oldest).slice(-recentRoundsForSnapshotMax)
    }
    this.#recent = recent
    return recent[0]!.round
  }

  adopted({ plan, included, cursors }: StateSnapshot, isFinished: boolean): void {
    this.#values = { plan, included, cursors, isFinished }
    this.#recent = []
  }
}
