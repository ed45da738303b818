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
type Offered = { readonly snapshot: StateSnapshot; readonly vectors: Vectors }

export class Snapshots {
  readonly #memory: VectorMemory
  readonly #shelf: Shelf
  readonly #clock: Clock
  #offered: Offered | null = null
  #wantedAtMs = 0
  /** The whole of one is here and takes the place of what is shared: nothing new is told meanwhile. */
  isBeingTaken = false

  constructor(memory: VectorMemory, shelf: Shelf, clock: Clock) {
    this.#memory = memory
    this.#shelf = shelf
    this.#clock = clock
  }

  get offered(): StateSnapshot | null {
    return this.#offered?.snapshot ?? null
  }

  /** Somebody still wants it. */
  wanted(): void {
    this.#wantedAtMs = this.#clock.monotonicMs()
  }

  /** When what is offered may be forgotten; infinity while nothing is. */
  get nextAtMs(): number {
    return this.#offered === null ? Number.POSITIVE_INFINITY : this.#wantedAtMs + snapshotKeptMs
  }

  /** True when something was forgotten that nobody wanted any more. */
  expire(): boolean {
    if (this.#offered === null || this.#clock.monotonicMs() < this.nextAtMs) return false
    this.#withdraw()
    return true
  }

  /** Offers copies of the vectors, taken at once; what was offered before is withdrawn when they are ready. */
  async offer(common: Omit<StateSnapshot, 'vectors'>, vectors: Vectors): Promise<void> {
    const copies: Record<string, Float32Array> = {}
    for (const [name, values] of Object.entries(vectors)) {
      const copy = this.#memory.allocate(values.length)
      this.#memory.kernels.copy(copy, values)
      copies[name] = copy
    }
    await this.#memory.settled()
    const payloads: Record<string, Payload> = {}
    for (const [name, values] of Object.entries(copies)) {
      const sha256 = await this.#memory.sha256(values)
      payloads[name] = { sha256, bytes: values.byteLength, codec: 'fp32', elements: values.length }
      this.#shelf.put(sha256, bytesOf(values))
    }
    this.#withdraw()
    this.#offered = { snapshot: { ...common, vectors: payloads }, vectors: copies }
    this.wanted()
  }

  stop(): void {
    this.#withdraw()
  }

  #withdraw(): void {
    if (this.#offered === null) return
    const { snapshot, vectors } = this.#offered
    for (const [name, values] of Object.entries(vectors)) {
      this.#shelf.remove(snapshot.vectors[name]!.sha256, bytesOf(values))
      this.#memory.release(values)
    }
    this.#offered = null
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
