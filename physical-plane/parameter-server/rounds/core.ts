// The parts of one region's rounds, and what follows from several of them at once.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import type { Members } from '../members.ts'
import type { Replica } from '../replica/replica.ts'
import type { Agreement } from './agreement.ts'
import type { Arrivals } from './arrivals.ts'
import type { Closer } from './closer.ts'
import type { CommonState } from './common-state.ts'
import type { HeardSources } from './heard-sources.ts'
import type { RoundsHost, RoundsLinks } from './host.ts'
import { nextExchange, type Exchange, type Offer } from './offer.ts'
import type { PayloadSource } from './payload-source.ts'
import type { Payloads } from './payloads.ts'
import type { PeersView } from './peers-view.ts'
import type { SharedParameters } from './shared-parameters.ts'
import type { SnapshotChecks } from './snapshot-checks.ts'
import type { Snapshots } from './snapshots.ts'
import type { Tasks } from './tasks.ts'
import type { MeasuredLink, Payload, Proposal, RoundPlan } from './types.ts'

export type RoundsParts = {
  readonly settings: SyncSettings
  readonly parts: Parts
  readonly members: Members
  readonly peers: PeersView
  readonly host: RoundsHost
  readonly links: RoundsLinks
  /** Links into this region as measured. */
  readonly ownLinks: () => readonly MeasuredLink[]
}

export type RoundsCore = {
  readonly parts: RoundsParts
  readonly agreement: Agreement
  readonly arrivals: Arrivals
  readonly payloads: Payloads
  readonly source: PayloadSource
  readonly tasks: Tasks
  readonly offer: Offer
  readonly closer: Closer
  readonly snapshots: Snapshots
  readonly snapshotChecks: SnapshotChecks
  readonly common: CommonState
  readonly heard: HeardSources
}

/** What there is once training has begun. */
export type Training = { readonly replica: Replica; readonly shared: SharedParameters; readonly plan: RoundPlan }

export function trainingOf({ parts, common }: RoundsCore): Training | null {
  const { replica } = parts.host
  const { shared, values } = common
  return replica === null || shared === null || values.plan === null ? null : { replica, shared, plan: values.plan }
}

/** How the open round exchanges. */
export function exchangeOf({ agreement, parts }: RoundsCore, { plan }: Training): Exchange {
  return nextExchange(plan, agreement.state.committedRound, parts.parts)
}

export function isOfferDue(core: RoundsCore): boolean {
  const training = trainingOf(core)
  if (training === null || core.common.values.isFinished) return false
  const interval = training.plan.intervals[core.parts.host.region] ?? 1
  return core.offer.isDue(exchangeOf(core, training), interval)
}

/** Something that is no step any more, but told to nobody yet, is on its way: who counts contributions waits for it. */
export function isAboutToOffer(core: RoundsCore): boolean {
  const { pending, published, isMaking } = core.offer
  const { isFinished, plan } = core.common.values
  if (isFinished || plan?.isFinalNext === true) return false
  return isMaking || (pending === null ? isOfferDue(core) : published === null)
}

export function isIndependent({ parts }: RoundsCore): boolean {
  return parts.parts.membership === 'independent'
}

/** Two regions swap contributions; more of them meet at the hub. */
export function isPairwise({ parts }: RoundsCore): boolean {
  return parts.members.all.length <= 2
}

/** Where the payloads of a proposal can be fetched. */
export function sourcesOf({
  hub,
  members,
  result,
}: Proposal): readonly { readonly region: string; readonly payload: Payload }[] {
  return result === null ? members : [{ region: hub, payload: result }]
}

export function payloadsOf(proposal: Proposal): readonly Payload[] {
  return sourcesOf(proposal).map(({ payload }) => payload)
}
