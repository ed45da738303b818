// What regions tell each other about rounds. Every type is plain data; a status replaces the one before it, so nothing
// depends on every version of it arriving.
import type { CodecName } from '#proto/sync/settings.ts'
import type { AddressBook } from '../members.ts'
import type { Layout } from '../replica/layout.ts'

/** Something on a region's shelf that others can fetch. */
export type Payload = {
  /** Lower-case hex; names it. */
  readonly sha256: string
  readonly bytes: number
  readonly codec: CodecName
  /** float32 elements after decoding. */
  readonly elements: number
}

export type Contribution = {
  /** Grows by one per contribution of its region. */
  readonly id: number
  readonly round: number
  readonly payload: Payload
  readonly steps: number
  readonly samples: number
  /** The region's position in its data: JSON of its lease table. */
  readonly cursor: string
  /** |u - decode(encode(u))| / |u|. */
  readonly codecError: number
  /** Its share in the result is this over the sum of all members': samples, or a mass. */
  readonly weight: number
  /** Of the plan that it was made under. */
  readonly planVersion: number
}

export type RoundMember = {
  readonly region: string
  readonly contributionId: number
  /** Shares of all members sum to 1. */
  readonly weight: number
  readonly payload: Payload
  /** See `Contribution.cursor`. */
  readonly cursor: string
}

/** What everybody does from the round after the one that commits it. */
export type RoundPlan = {
  readonly version: number
  /** Local steps per round, by region. */
  readonly intervals: Readonly<Record<string, number>>
  readonly codec: CodecName
  readonly density: number
  readonly fragments: number
  /** The next round is the last one: all of the model, exact, from everybody. */
  readonly isFinalNext: boolean
  /** Why, in one sentence with numbers. */
  readonly reason: string
}

export type Proposal = {
  readonly term: number
  readonly round: number
  readonly hub: string
  /** Ascending by region. */
  readonly members: readonly RoundMember[]
  /** Why each other region took no part. */
  readonly absent: Readonly<Record<string, string>>
  /** The encoded result that everybody decodes and applies; null where every region fetches the contributions themselves. */
  readonly result: Payload | null
  readonly plan: RoundPlan
  readonly isFinal: boolean
  readonly fragment: number
}

export type MeasuredLink = {
  readonly fromRegion: string
  /** 0 until something large enough came over it. */
  readonly bytesPerSecond: number
  readonly roundTripMs: number
}

export type StateSnapshot = {
  readonly round: number
  readonly term: number
  readonly plan: RoundPlan | null
  /** The newest contribution of each region that is in it. */
  readonly included: Readonly<Record<string, number>>
  /** Each region's position in its data as of that contribution. */
  readonly cursors: Readonly<Record<string, string>>
  /** Updates applied, by region. */
  readonly versions: Readonly<Record<string, number>>
  readonly layout: Layout
  readonly vectors: Readonly<Record<string, Payload>>
  readonly state: SnapshotState
}

/** What else is common to all regions. */
export type SnapshotState = {
  /** Commits per fragment, for rules that count them. */
  readonly commits: readonly number[]
  readonly isFinished: boolean
  /** Regions that had nothing and asked for it, by incarnation: for them it is as new as it can be. */
  readonly askers: Readonly<Record<string, number>>
}

export type PeerStatus = {
  /** Drawn when the process starts; the revision rises with every change. */
  readonly incarnation: number
  readonly revision: number
  /** The newest address book that it has. */
  readonly book: AddressBook
  /** It is about to stop: nobody waits for it until another process speaks for its region. */
  readonly isLeaving: boolean
  /** Promised, durably. */
  readonly term: number
  readonly votedFor: string
  readonly isHub: boolean
  readonly isCandidate: boolean
  /** Whom it takes for the hub, or is voting for; nobody who hears it stands meanwhile. Empty where there is nobody. */
  readonly follows: string
  readonly committedRound: number
  /** The term of the proposal that it applied last. */
  readonly committedTerm: number
  /** There are parameters here. */
  readonly hasBegun: boolean
  /** The newest proposals that it applied, ascending by round. */
  readonly recent: readonly Proposal[]
  /** Held durably with everything that is needed to apply it. */
  readonly accepted: Proposal | null
  readonly proposed: Proposal | null
  readonly contribution: Contribution | null
  readonly hasDrained: boolean
  readonly hasFinished: boolean
  readonly stepsPerSecond: number
  readonly links: readonly MeasuredLink[]
  readonly snapshot: StateSnapshot | null
  readonly wantsSnapshot: boolean
  /** While it wants one: the updates that it has applied, by region. A snapshot without them would take them back. */
  readonly applied: Readonly<Record<string, number>>
  /** The updates that it still holds: who needs earlier ones needs a snapshot. First is last + 1 when it holds none. */
  readonly firstSeq: number
  readonly lastSeq: number
  /** Regions that it knows to have finished; who is named by all of them may leave. */
  readonly knownFinished: readonly string[]
}
