// All links of a partition with the other regions. `createPeerService` offers what this region has; these get what the
// others have. One is made before the partition, which fetches through it, and started with it.
import { assert, present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { OpenPeer } from './channels.ts'
import { closingMs, pingMs } from './config.ts'
import { Fetcher } from './fetcher.ts'
import { Lane } from './lane.ts'
import type { PayloadMemory } from './payload-memory.ts'
import { PeerLink } from './peer-link.ts'
import type { PeerFetcher, PeerSide } from './peer-side.ts'

export type PeerLinksOptions = {
  readonly jobId: string
  readonly memory: PayloadMemory
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly open: OpenPeer
  /** Between pings; a simulation of hours may want fewer. */
  readonly pingMs?: number
}

export class PeerLinks implements PeerFetcher {
  readonly #options: PeerLinksOptions
  readonly #started = Promise.withResolvers<Fetcher>()
  #lanes: readonly Lane[] = []
  #links: readonly PeerLink[] = []
  #isStarted = false

  constructor(options: PeerLinksOptions) {
    this.#options = options
    this.#started.promise.catch(() => {})
  }

  start(side: PeerSide): void {
    assert(!this.#isStarted, 'the links were started already')
    this.#isStarted = true
    const { memory } = this.#options
    const others = side.members.all.filter((region) => region !== side.region)
    const lanes = new Map(others.map((region) => [region, new Lane({ ...this.#options, region, side })]))
    const fetcher = new Fetcher(lanes, memory)
    this.#lanes = [...lanes.values()]
    this.#links = others.map((region) => {
      const lane = present(lanes.get(region), region)
      return new PeerLink({ pingMs, ...this.#options, region, side, lane, fetcher, memory })
    })
    this.#started.resolve(fetcher)
  }

  /** Waits for the start. */
  async fetch(
    region: string,
    payload: { readonly sha256: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const fetcher = await this.#started.promise
    return fetcher.fetch(region, payload, signal)
  }

  /** Sends the last acknowledgements and ends all streams. */
  async stop(): Promise<void> {
    const text = 'this parameter server is stopping'
    this.#started.reject(new CloudlessError('cancelled', 'STOPPED', text))
    const deadline = new AbortController()
    const timer = this.#options.clock.after(closingMs, () => deadline.abort())
    await Promise.all(this.#links.map((link) => link.stop(deadline.signal)))
    timer.cancel()
    for (const lane of this.#lanes) lane.stop()
  }
}
