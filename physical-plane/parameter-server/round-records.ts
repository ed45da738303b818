// What is kept of a round for people: who was in it, who was not and why, what it moved and what it cost.
import type { Members } from './members.ts'
import type { RoundTraffic } from './meters.ts'
import type { RoundRecord } from './records.ts'
import type { CommittedRound } from './rounds/host.ts'
import type { Draft } from './sync/update.ts'

export type RecordContext = {
  readonly members: Members
  readonly traffic: RoundTraffic
  /** Regions whose updates were applied since the last record. */
  readonly senders: readonly string[]
  readonly atMs: number
  readonly loss: number
  readonly fraction: number
}

/** Of a round that all regions agreed on. `stateHash` is the same in each of them. */
export function recordOfRound(round: CommittedRound, stateHash: string, context: RecordContext): RoundRecord {
  const { proposal, steps, samples, stalenessSteps, codecError, codec, fragments } = round
  const members = proposal.members.map(({ region }) => region)
  const out = context.members.all.filter((region) => !members.includes(region))
  return {
    kind: 'round',
    ...context.traffic,
    ...madeOf(context),
    round: proposal.round,
    members,
    absent: proposal.absent,
    excludedDataShare: out.reduce((sum, region) => sum + context.members.shareOf(region), 0),
    replicaHash: stateHash,
    fragment: proposal.fragment,
    fragments,
    codec,
    steps,
    samples,
    stalenessSteps,
    codecError,
    planVersion: proposal.plan.version,
    hub: proposal.hub,
    term: proposal.term,
  }
}

/** Of an update that this region told the others, where nobody waits for anybody. */
export function recordOfUpdate(draft: Draft, context: RecordContext): RoundRecord {
  return {
    kind: 'round',
    ...context.traffic,
    ...madeOf(context),
    round: 0,
    members: [...new Set([context.members.own, ...context.senders])].sort(),
    absent: {},
    excludedDataShare: 0,
    replicaHash: '',
    fragment: 0,
    fragments: 1,
    codec: draft.encoded?.codec ?? '',
    steps: draft.steps,
    samples: draft.samples,
    stalenessSteps: 0,
    codecError: draft.codecError,
    planVersion: 0,
    hub: '',
    term: 0,
  }
}

function madeOf({ atMs, loss, fraction }: RecordContext): Pick<RoundRecord, 'atMs' | 'loss' | 'fraction'> {
  return { atMs, loss, fraction }
}
