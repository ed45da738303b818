// Takes in the updates of one region: each once, in order, whole and with the hash that its header gives. While one is
// being taken in, the payloads of the next few are already on their way. Its headers come from a watch that may be cut
// anywhere; what they began goes on without it.
import { CloudlessError } from '#runtime/errors.ts'
import type { UpdateHeader } from '../sync/update.ts'
import { headersWaitingMax, prefetchBytesMax, prefetchUpdates } from './config.ts'
import type { PayloadMemory } from './payload-memory.ts'
import type { PeerFetcher, PeerSide } from './peer-side.ts'

type Entry = { readonly header: UpdateHeader; bytes: Promise<Uint8Array | null> | null }

export type UpdateIntakeOptions = {
  readonly region: string
  readonly side: Pick<PeerSide, 'appliedSeqOf' | 'receive'>
  readonly fetcher: PeerFetcher
  readonly memory: PayloadMemory
  readonly signal: AbortSignal
  /** An update could not be taken in, and none of those after it is held any more. */
  readonly onFailure: (error: unknown) => void
  /** There is room for another header. */
  readonly onRoom: () => void
}

export class UpdateIntake {
  readonly #options: UpdateIntakeOptions
  #entries: Entry[] = []
  #life = new AbortController()
  #working: Promise<void> | null = null

  constructor(options: UpdateIntakeOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#life.abort(options.signal.reason), { once: true })
  }

  /** Headers after this one are needed. */
  get lastSeq(): number {
    const { side, region } = this.#options
    return Math.max(side.appliedSeqOf(region), this.#entries.at(-1)?.header.seq ?? 0)
  }

  get isFull(): boolean {
    return this.#entries.length >= headersWaitingMax
  }

  /** A duplicate is ignored; a gap is an error. */
  add(header: UpdateHeader): void {
    const last = this.lastSeq
    if (header.seq <= last) return
    if (header.seq > last + 1) {
      const text = `update ${header.seq} of ${header.region} came after ${last}; updates between them are missing`
      throw new CloudlessError('conflict', 'UPDATE_GAP', text, { metadata: { region: header.region } })
    }
    this.#entries.push({ header, bytes: null })
    this.#prefetch()
    this.#working ??= this.#work().finally(() => (this.#working = null))
  }

  /** Resolves when nothing of it goes on any more. Call it after its signal was aborted. */
  async ended(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  async #work(): Promise<void> {
    const { signal, onFailure, onRoom } = this.#options
    while (this.#entries.length > 0 && !signal.aborted) {
      this.#prefetch()
      try {
        await this.#takeIn(this.#entries[0]!)
        this.#entries.shift()
        onRoom()
      } catch (error) {
        this.#clear()
        if (!signal.aborted) onFailure(error)
      }
    }
    if (signal.aborted) this.#clear()
  }

  async #takeIn({ header, bytes }: Entry): Promise<void> {
    const { side, memory, signal, region } = this.#options
    const payload = await bytes
    try {
      // A snapshot may have jumped over it meanwhile.
      if (header.seq > side.appliedSeqOf(region)) await side.receive({ header, bytes: payload }, signal)
    } finally {
      if (payload !== null) memory.release(payload)
    }
  }

  #prefetch(): void {
    const { region, fetcher } = this.#options
    let ahead = 0
    for (const [at, entry] of this.#entries.slice(0, 1 + prefetchUpdates).entries()) {
      const { payload } = entry.header
      ahead += payload?.bytes ?? 0
      if (at > 0 && ahead > prefetchBytesMax) return
      if (entry.bytes !== null) continue
      entry.bytes = payload === null ? Promise.resolve(null) : fetcher.fetch(region, payload, this.#life.signal)
      // Whoever takes it in hears of a failure; it may come before that.
      entry.bytes.catch(() => {})
    }
  }

  /** Forgets what is held. Payloads that are still on their way are given up. */
  #clear(): void {
    const { memory, signal } = this.#options
    const dropped = this.#entries.splice(0)
    this.#life.abort(new CloudlessError('cancelled', 'UPDATES_DROPPED', 'an update before this one was refused'))
    this.#life = new AbortController()
    if (signal.aborted) this.#life.abort(signal.reason)
    // The first one's payload has gone back already, or never came.
    for (const { bytes } of dropped.slice(1)) {
      bytes?.then(
        (payload) => payload !== null && memory.release(payload),
        () => {},
      )
    }
  }
}
