// The network between simulated regions: what peers/ does over gRPC, on a virtual clock. Every directed pair has one link
// with a rate that all its transfers share; a status or header takes half a round trip and no rate, a payload its bytes'
// time besides. Nothing is lost here: faults are the simulator's subject, time is this one's.
import { ShapedLink } from '#cli/local-cluster/relay/shaped-link.ts'
import type { PayloadMemory } from '#physical-plane/parameter-server/peers/payload-memory.ts'
import type { PeerFetcher, PeerSide } from '#physical-plane/parameter-server/peers/peer-side.ts'
import { present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { notFound } from '#runtime/errors.ts'

export type WiresOptions = {
  readonly clock: Clock
  readonly roundTripMs: number
  readonly bytesPerSecond: (from: string, to: string) => number
  /** A transfer enters its link in pieces of this size, so that transfers at the same time share it. */
  readonly pieceBytes: number
}

type Station = { readonly side: PeerSide; readonly memory: PayloadMemory }

const heartbeatMs = 1_000
/** Weight of a transfer in the moving average of a link's rate. */
const rateWeight = 0.2

export class Wires {
  readonly #options: WiresOptions
  readonly #links = new Map<string, ShapedLink>()
  readonly #rates = new Map<string, number>()
  readonly #stations = new Map<string, Station>()
  readonly #over = new AbortController()
  readonly #broken = Promise.withResolvers<never>()
  #payloadBytes = 0

  constructor(options: WiresOptions) {
    this.#options = options
  }

  /** Bytes of payloads that were sent, all links together. */
  get payloadBytes(): number {
    return this.#payloadBytes
  }

  /** What the region's partition fetches with; its side joins later. */
  fetcherOf(region: string): PeerFetcher {
    return { fetch: (from, payload, signal) => this.#fetch(from, region, payload, signal) }
  }

  /** Connects the region with all that joined before. */
  join(side: PeerSide, memory: PayloadMemory): void {
    const others = [...this.#stations.values()]
    this.#stations.set(side.region, { side, memory })
    for (const other of others) {
      for (const [from, to] of [
        [side, other.side],
        [other.side, side],
      ] as const) {
        const loops = [this.#statuses(from, to), this.#updates(from, to), this.#acknowledgements(from, to)]
        for (const loop of loops) loop.catch(this.#broken.reject)
        this.#beat(from, to)
      }
    }
  }

  /** Rejects when a region refuses what it is given. */
  get broken(): Promise<never> {
    return this.#broken.promise
  }

  /** Nothing more is delivered. */
  stop(): void {
    this.#over.abort(new Error('the network is taken down'))
  }

  async #statuses(from: PeerSide, to: PeerSide): Promise<void> {
    let told: { readonly incarnation: number; readonly revision: number } | null = null
    await this.#whileUp(async () => {
      const { status } = from
      if (told?.incarnation === status.incarnation && told.revision === status.revision) return this.#changed(from)
      told = status
      this.#later(() => {
        to.heard(from.region)
        to.statusChanged(from.region, status)
      })
    })
  }

  async #updates(from: PeerSide, to: PeerSide): Promise<void> {
    await this.#whileUp(async () => {
      const header = from.updateAfter(to.appliedSeqOf(from.region))
      if (header === null) return this.#changed(from)
      await this.#travelled()
      const { memory } = this.#stationOf(to.region)
      const { payload } = header
      const bytes = payload === null ? null : await this.#fetch(from.region, to.region, payload, this.#over.signal)
      await to.receive({ header, bytes }, this.#over.signal)
      if (bytes !== null) memory.release(bytes)
    })
  }

  async #acknowledgements(from: PeerSide, to: PeerSide): Promise<void> {
    let told = 0
    await this.#whileUp(async () => {
      const seq = to.durableSeqOf(from.region)
      if (seq <= told) return this.#changed(to)
      told = seq
      this.#later(() => from.acknowledge(to.region, seq))
    })
  }

  /** A sign of life, and what was measured on the way. */
  #beat(from: PeerSide, to: PeerSide): void {
    const { clock, roundTripMs } = this.#options
    if (this.#over.signal.aborted) return
    clock.after(heartbeatMs, () => {
      const bytesPerSecond = this.#rates.get(nameOf(from.region, to.region)) ?? 0
      to.heard(from.region)
      to.measured({ fromRegion: from.region, bytesPerSecond, roundTripMs })
      this.#beat(from, to)
    })
  }

  async #fetch(
    fromRegion: string,
    toRegion: string,
    payload: { readonly sha256: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { clock, pieceBytes } = this.#options
    const [from, to] = [this.#stationOf(fromRegion), this.#stationOf(toRegion)]
    await this.#travelled()
    AbortSignal.any([signal, this.#over.signal]).throwIfAborted()
    const held = from.side.shelf.get(payload.sha256)
    if (held === null) throw notFound('payload', payload.sha256)
    const link = this.#linkOf(fromRegion, toRegion)
    const startedMs = clock.monotonicMs()
    // What the shelf holds now: it may be taken away while it travels.
    const target = to.memory.allocate(held.byteLength)
    target.set(held)
    const pieces: Promise<void>[] = []
    for (let at = 0; at < held.byteLength; at += pieceBytes) {
      const bytes = Math.min(pieceBytes, held.byteLength - at)
      await new Promise<void>((entered) => {
        pieces.push(new Promise((arrived) => void link.send(bytes, arrived).then(entered)))
      })
    }
    await Promise.all(pieces)
    this.#payloadBytes += held.byteLength
    from.side.sent(toRegion, held.byteLength)
    to.side.received(fromRegion, held.byteLength)
    this.#measure(fromRegion, toRegion, held.byteLength, clock.monotonicMs() - startedMs)
    return target
  }

  #measure(from: string, to: string, bytes: number, tookMs: number): void {
    const rate = bytes / Math.max(1e-3, (tookMs - this.#options.roundTripMs / 2) / 1_000)
    const before = this.#rates.get(nameOf(from, to))
    this.#rates.set(nameOf(from, to), before === undefined ? rate : before + rateWeight * (rate - before))
  }

  async #whileUp(turn: () => Promise<void>): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      try {
        await turn()
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }

  #changed(side: PeerSide): Promise<void> {
    return side.changed.wait(this.#over.signal)
  }

  /** Half a round trip from now. */
  #later(run: () => void): void {
    this.#options.clock.after(this.#options.roundTripMs / 2, () => {
      if (!this.#over.signal.aborted) run()
    })
  }

  #travelled(): Promise<void> {
    return this.#options.clock.sleep(this.#options.roundTripMs / 2, this.#over.signal)
  }

  #linkOf(from: string, to: string): ShapedLink {
    const name = nameOf(from, to)
    const found = this.#links.get(name)
    if (found !== undefined) return found
    const { clock, bytesPerSecond, roundTripMs, pieceBytes } = this.#options
    const shape = { bytesPerSecond: bytesPerSecond(from, to), delayMs: roundTripMs / 2, queueBytesMax: pieceBytes }
    const link = new ShapedLink(clock, shape)
    this.#links.set(name, link)
    return link
  }

  #stationOf(region: string): Station {
    return present(this.#stations.get(region), `region ${region} on the network`)
  }
}

function nameOf(from: string, to: string): string {
  return `${from} -> ${to}`
}
