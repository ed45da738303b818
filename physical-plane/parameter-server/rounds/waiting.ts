// Whether local steps wait for a round. Where they do not overlap with it, from when the contribution to it is due. Where
// they do, and the interval follows the links, once the longest interval that the job allows has passed since the last
// offer: what is then under way is only on the wire. Nobody waits for regions that are away, nor for longer than the grace
// for regions that have not offered yet.
import { isMajority } from './majority.ts'
import { isOfferDue, type RoundsCore } from './core.ts'
import type { Pending } from './make-contribution.ts'

export function isWaiting(core: RoundsCore): boolean {
  const { parts, settings, peers, members, links } = core.parts
  if (parts.membership !== 'rounds') return false
  const { pending, isMaking } = core.offer
  if (parts.isOverlapped) {
    if (parts.when !== 'adaptive-interval' || pending === null) return false
    if (core.offer.stepsSince(pending) < settings.intervalMax) return false
  } else if (isMaking) return true
  if (!isMajority([...peers.expectedPeers, members.own], peers.view())) return false
  if (pending === null) return isOfferDue(core)
  const isInGrace = links.clock.monotonicMs() < pending.madeAtMs + settings.graceMaxMs
  return isInGrace || (parts.isOverlapped && isOnTheWire(core, pending))
}

/** Everybody who is not away has offered to the round or needs not: only the links are waited for. */
function isOnTheWire({ parts: { peers } }: RoundsCore, { contribution: { round } }: Pending): boolean {
  return peers.expectedPeers.every((region) => {
    const status = peers.statusOf(region)
    if (status === null) return false
    return status.hasDrained || status.committedRound >= round || status.contribution?.round === round
  })
}
