// Where a region listens, as far as this one knows.
import type { Members } from '../members.ts'

/** Null while it is not known, and for a region that was pruned: nobody waits for it. */
export function endpointOf(members: Pick<Members, 'book'>, region: string): string | null {
  const entry = members.book.peers.find((peer) => peer.region === region)
  return entry === undefined || entry.pruned || entry.endpoint === '' ? null : entry.endpoint
}
