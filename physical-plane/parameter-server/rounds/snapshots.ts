// How a region gets back that missed too many rounds, or lost its disk: another one offers all that is common as of its
// newest round, and goes on meanwhile, because what it offers is a copy. Whoever took it catches up with the rounds
// committed since, which the others keep for it.
import type { Clock } from '#runtime/clock.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import type { Shelf } from '../peers/shelf.ts'
import type { VectorMemory } from '../replica/memory.ts'
import { snapshotKeptMs } from './config.ts'
import type { Payload, StateSnapshot } from './types.ts'

type Vectors = Readonly<Record<string, Float32Array>>
type Offered = {
  readonly snapshot: StateSnapshot
  readonly vectors: Vectors
  /** Who may be fetching it. */
  readonly askers: Set<string>
}

export class Snapshots {
  readonly #memory: VectorMemory
  readonly #shelf: Shelf
  readonly #clock: Clock
  #offered: Offered | null = null
  /** The one before, while somebody still fetches it. */
  #earlier: Offered | null = null
  /** Of the one that is being copied. */
  #nextRound = Number.POSITIVE_INFINITY
  #wantedAtMs = 0
  /** Since when each region asks. */
  readonly #askedAtMs = new Map<string, number>()
  /** When this region may have to serve somebody whom nobody else does. */
  serveAtMs = Number.POSITIVE_INFINITY
  /** Another region's, on its way here. */
  taking: StateSnapshot | null = null
  /** The whole of it is here and takes the place of what is shared: nothing new is told meanwhile. */
  isBeingTaken = false

  constructor(memory: VectorMemory, shelf: Shelf, clock: Clock) {
    this.#memory = memory
    this.#shelf = shelf
    this.#clock = clock
  }

  get offered(): StateSnapshot | null {
    return this.#offered?.snapshot ?? null
  }

  /** Of those that may be fetched now or soon; null without any. */
  get oldestRound(): number | null {
    const rounds = [this.#offered, this.#earlier].map((held) => held?.snapshot.round ?? Number.POSITIVE_INFINITY)
    const oldest = Math.min(this.#nextRound, ...rounds)
    return oldest === Number.POSITIVE_INFINITY ? null : oldest
  }

  /** These regions ask, whoever serves them. What none of them fetches any more is forgotten, now or after a while. */
  asked(askers: readonly string[], hasTaken: (snapshot: StateSnapshot, region: string) => boolean): void {
    const nowMs = this.#clock.monotonicMs()
    this.serveAtMs = Number.POSITIVE_INFINITY
    for (const region of this.#askedAtMs.keys()) if (!askers.includes(region)) this.#askedAtMs.delete(region)
    for (const region of askers) if (!this.#askedAtMs.has(region)) this.#askedAtMs.set(region, nowMs)
    if (askers.some((region) => this.#offered?.askers.has(region))) this.#wantedAtMs = nowMs
    const earlier = this.#earlier
    const isFetched = (region: string): boolean =>
      earlier !== null && earlier.askers.has(region) && !hasTaken(earlier.snapshot, region)
    if (!askers.some(isFetched)) this.#withdrawEarlier()
  }

  askedAtMs(region: string): number {
    return this.#askedAtMs.get(region) ?? this.#clock.monotonicMs()
  }

  /** They may fetch what is offered. */
  served(askers: readonly string[]): void {
    for (const region of askers) this.#offered?.askers.add(region)
    this.#wantedAtMs = this.#clock.monotonicMs()
  }

  /** When what is offered may be forgotten, or something is to be offered; infinity when neither. */
  get nextAtMs(): number {
    const expiryAtMs = this.#offered === null ? Number.POSITIVE_INFINITY : this.#wantedAtMs + snapshotKeptMs
    return Math.min(expiryAtMs, this.serveAtMs)
  }

  /** True when something was forgotten that nobody wanted any more. */
  expire(): boolean {
    if (this.#offered === null || this.#clock.monotonicMs() < this.#wantedAtMs + snapshotKeptMs) return false
    this.stop()
    return true
  }

  /** Offers copies of the vectors, taken at once. What was offered before stays while somebody fetches it. */
  async offer(common: Omit<StateSnapshot, 'vectors'>, vectors: Vectors): Promise<void> {
    this.#withdrawEarlier()
    this.#nextRound = common.round
    const copies: Record<string, Float32Array> = {}
    const payloads: Record<string, Payload> = {}
    try {
      for (const [name, values] of Object.entries(vectors)) {
        const copy = this.#memory.allocate(values.length)
        copies[name] = copy
        this.#memory.kernels.copy(copy, values)
      }
      await this.#memory.settled()
      for (const [name, values] of Object.entries(copies)) {
        const sha256 = await this.#memory.sha256(values)
        payloads[name] = { sha256, bytes: values.byteLength, codec: 'fp32', elements: values.length }
      }
    } catch (error) {
      for (const copy of Object.values(copies)) this.#memory.release(copy)
      throw error
    } finally {
      this.#nextRound = Number.POSITIVE_INFINITY
    }
    for (const [name, values] of Object.entries(copies)) this.#shelf.put(payloads[name]!.sha256, bytesOf(values))
    this.#earlier = this.#offered
    const askers = new Set(Object.keys(common.state.askers))
    this.#offered = { snapshot: { ...common, vectors: payloads }, vectors: copies, askers }
    this.#wantedAtMs = this.#clock.monotonicMs()
  }

  stop(): void {
    this.#withdrawEarlier()
    if (this.#offered !== null) this.#withdraw(this.#offered)
    this.#offered = null
  }

  #withdrawEarlier(): void {
    if (this.#earlier !== null) this.#withdraw(this.#earlier)
    this.#earlier = null
  }

  #withdraw({ snapshot, vectors }: Offered): void {
    for (const [name, values] of Object.entries(vectors)) {
      this.#shelf.remove(snapshot.vectors[name]!.sha256, bytesOf(values))
      this.#memory.release(values)
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** The vectors of a snapshot that a region offers, which was checked; `use` has them only while it runs. */
export async function fetchSnapshot(
  region: string,
  snapshot: StateSnapshot,
  links: { readonly fetcher: PeerFetcher; readonly memory: VectorMemory },
  signal: AbortSignal,
  use: (vectors: Vectors) => Promise<void>,
): Promise<void> {
  const memory = payloadMemory(links.memory)
  const fetched: [string, Uint8Array][] = []
  try {
    for (const [name, payload] of Object.entries(snapshot.vectors)) {
      fetched.push([name, await links.fetcher.fetch(region, payload, signal)])
    }
    await use(
      Object.fromEntries(
        fetched.map(([name, bytes]) => [
          name,
          new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / 4),
        ]),
      ),
    )
    await links.memory.settled()
  } finally {
    for (const [, bytes] of fetched) memory.release(bytes)
  }
}
