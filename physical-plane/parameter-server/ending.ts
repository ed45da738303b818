// When a finished partition's process may go. Its status is all that others need of it by then, and they have seen it
// once they say so. A region that is silent is the control plane's concern: it waits for it or prunes it.
import type { Members } from './members.ts'
import type { PeersView } from './rounds/peers-view.ts'

/** Everybody else has finished and knows that this region has. */
export function isKnownEverywhere(members: Members, peers: PeersView): boolean {
  return members.peers.every((region) => {
    const status = peers.statusOf(region)
    return status !== null && status.hasFinished && status.knownFinished.includes(members.own)
  })
}

/** Nobody who is to be heard still needs this region. */
export function isNobodyWaiting(members: Members, peers: PeersView): boolean {
  return members.peers.every((region) => !peers.hears(region) || peers.statusOf(region)?.hasFinished === true)
}
