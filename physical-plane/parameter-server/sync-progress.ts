// How a region synchronises now and the measurements behind it, for people.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { ExchangeState } from './exchange-state.ts'
import type { ExchangeWithPeers } from './exchange-with-peers.ts'
import type { PeersView } from './rounds/peers-view.ts'
import type { Rounds } from './rounds/rounds.ts'
import type { MeasuredLink } from './rounds/types.ts'

export type SyncProgress = {
  readonly planVersion: number
  /** Local steps of this region between two exchanges. */
  readonly interval: number
  readonly codec: string
  readonly fragments: number
  readonly committedRound: number
  readonly hub: string
  readonly term: number
  readonly hears: readonly string[]
  readonly stepSeconds: number
  readonly stallShare: number
  readonly reason: string
  readonly links: readonly MeasuredLink[]
  readonly lateCarried: number
  readonly lateDropped: number
  readonly refused: Readonly<Record<string, number>>
}

export type SyncProgressInput = {
  readonly region: string
  readonly peers: PeersView
  readonly rounds: Rounds
  readonly exchange: ExchangeWithPeers
  readonly state: ExchangeState
  readonly settings: SyncSettings
  readonly monotonicMs: number
}

export function syncProgressOf(input: SyncProgressInput): SyncProgress {
  const { region, peers, rounds, exchange, state, settings } = input
  const { plan } = rounds
  const isByPlan = plan !== null && !plan.isFinalNext
  const { stepsPerSecond } = state.stall
  return {
    planVersion: isByPlan ? plan.version : 0,
    interval: isByPlan ? (plan.intervals[region] ?? 0) : settings.interval,
    codec: isByPlan ? plan.codec : settings.codec,
    fragments: isByPlan ? plan.fragments : settings.fragments,
    committedRound: rounds.committedRound,
    hub: rounds.hub ?? '',
    term: rounds.term,
    hears: peers.heardPeers,
    stepSeconds: stepsPerSecond === 0 ? 0 : 1 / stepsPerSecond,
    stallShare: state.stall.share(input.monotonicMs),
    reason: plan?.reason ?? '',
    links: exchange.links,
    lateCarried: rounds.late.carried,
    lateDropped: rounds.late.dropped,
    refused: Object.fromEntries(state.refused),
  }
}
