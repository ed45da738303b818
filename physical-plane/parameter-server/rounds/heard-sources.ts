// A fetch outlives an outage of its source: what has arrived stays, and the rest follows once the region is back. Only
// where another region is heard to have the same is a silent one left, because it may be gone for good; the fetch then
// fails as `unavailable`, and whoever asked chooses again.
import { CloudlessError } from '#runtime/errors.ts'
import type { Members } from '../members.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import type { PeersView } from './peers-view.ts'

type Waiting = { readonly region: string; readonly isElsewhere: () => boolean; readonly life: AbortController }

export class HeardSources {
  readonly #members: Pick<Members, 'peers'>
  readonly #peers: Pick<PeersView, 'hears'>
  readonly #waiting = new Set<Waiting>()

  constructor(members: Pick<Members, 'peers'>, peers: Pick<PeersView, 'hears'>) {
    this.#members = members
    this.#peers = peers
  }

  /** Of a live region. */
  hears(region: string): boolean {
    return this.#members.peers.includes(region) && this.#peers.hears(region)
  }

  /** Runs `wait` with a signal that ends also when the region is silent while `isElsewhere`. */
  async whileHeard<T>(
    region: string,
    isElsewhere: () => boolean,
    signal: AbortSignal,
    wait: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const waiting = { region, isElsewhere, life: new AbortController() }
    this.#waiting.add(waiting)
    try {
      this.#leaveIfSilent(waiting)
      return await wait(AbortSignal.any([signal, waiting.life.signal]))
    } finally {
      this.#waiting.delete(waiting)
    }
  }

  /** The same for each fetch of a fetcher. */
  fetcher(fetcher: PeerFetcher, isElsewhere: () => boolean): PeerFetcher {
    return {
      fetch: (region, payload, signal) =>
        this.whileHeard(region, isElsewhere, signal, (either) => fetcher.fetch(region, payload, either)),
    }
  }

  /** Call it when who is heard, or what they have, may have changed. */
  advance(): void {
    for (const waiting of this.#waiting) this.#leaveIfSilent(waiting)
  }

  #leaveIfSilent({ region, isElsewhere, life }: Waiting): void {
    if (this.hears(region) || !isElsewhere()) return
    const text = `region ${region} is silent, and another region has the same`
    life.abort(new CloudlessError('unavailable', 'SOURCE_SILENT', text))
  }
}
