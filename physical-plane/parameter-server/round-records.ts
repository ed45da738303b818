// What is kept of a round for people: who was in it, who was not and why, what it moved and what it cost.
import type { Members } from './members.ts'
import type { Receipts, RoundTraffic } from './meters.ts'
import type { RoundRecord } from './records.ts'
import type { CommittedRound } from './rounds/host.ts'
import type { PeersView } from './rounds/peers-view.ts'
import type { Draft } from './sync/update.ts'

export type RoundContext = {
  readonly members: Members
  readonly traffic: RoundTraffic
  readonly atMs: number
  readonly loss: number
  readonly fraction: number
}

export type RecordContext = RoundContext & {
  readonly peers: Pick<PeersView, 'expectedPeers' | 'absence'>
  /** Since the last record. */
  readonly receipts: Receipts
  readonly deliverySeconds: number
}

/** Of a round that all regions agreed on. `stateHash` is the same in each of them. */
export function recordOfRound(round: CommittedRound, stateHash: string, context: RoundContext): RoundRecord {
  const { proposal, steps, samples, stalenessSteps, codecError, codec, fragments, exchangeSeconds } = round
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
    exchangeSeconds,
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

/**
 * Of an update that this region told the others, where nobody waits for anybody: in it are those whose updates were
 * applied since the one before. A region that is only slow is not absent.
 */
export function recordOfUpdate(draft: Draft, context: RecordContext): RoundRecord {
  const absent = absentOf(context)
  return {
    kind: 'round',
    ...context.traffic,
    ...madeOf(context),
    round: 0,
    members: [...new Set([context.members.own, ...context.receipts.senders])].sort(),
    absent,
    excludedDataShare: Object.keys(absent).reduce((sum, region) => sum + context.members.shareOf(region), 0),
    exchangeSeconds: context.deliverySeconds,
    replicaHash: '',
    fragment: 0,
    fragments: 1,
    codec: draft.encoded?.codec ?? '',
    steps: draft.steps,
    samples: draft.samples,
    stalenessSteps: context.receipts.stalenessSteps,
    codecError: draft.codecError,
    planVersion: 0,
    hub: '',
    term: 0,
  }
}

function absentOf({ members, peers, receipts }: RecordContext): Readonly<Record<string, string>> {
  const { senders, leftOut } = receipts
  const absent: Record<string, string> = {}
  for (const region of members.all) {
    if (region === members.own || senders.includes(region)) continue
    if (members.pruned.includes(region)) absent[region] = 'pruned: lost for longer than the grace time'
    else if (!peers.expectedPeers.includes(region)) absent[region] = peers.absence(region)
    else if (leftOut[region] !== undefined)
      absent[region] = `too stale: its updates, up to ${leftOut[region]} steps old, were left out`
  }
  return absent
}

function madeOf({ atMs, loss, fraction }: RoundContext): Pick<RoundRecord, 'atMs' | 'loss' | 'fraction'> {
  return { atMs, loss, fraction }
}
