// Takes in the updates of one region: each once, in order, whole and with the hash that its header gives. While one is
// being taken in, the payloads of the next few are already on their way. Its headers come from a watch that may be cut
// anywhere; what they began goes on without it. An update that would be just as wrong if it were asked for again is left
// out when its turn comes, so that those after it count; one that was damaged on its way is asked for again.
import { CloudlessError } from '#runtime/errors.ts'
import type { UpdateHeader } from '../sync/update.ts'
import { headersWaitingMax, prefetchBytesMax, prefetchUpdates } from './config.ts'
import type { PayloadMemory } from './payload-memory.ts'
import type { PeerFetcher, PeerSide } from './peer-side.ts'

type Entry = {
  readonly seq: number
  /** What is to be taken in, or why nothing is. */
  content: UpdateHeader | CloudlessError
  bytes: Promise<Uint8Array | null> | null
}

export type UpdateIntakeOptions = {
  readonly region: string
  readonly side: Pick<PeerSide, 'appliedSeqOf' | 'objection' | 'receive' | 'leaveOut'>
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
    return Math.max(side.appliedSeqOf(region), this.#entries.at(-1)?.seq ?? 0)
  }

  get isFull(): boolean {
    return this.#entries.length >= headersWaitingMax
  }

  /** A duplicate is ignored; a gap is an error. */
  add(header: UpdateHeader): void {
    this.#add(header.seq, header)
  }

  /** The same for an update that can not be used, whose header is as wrong as `why` says. */
  leaveOut(seq: number, why: CloudlessError): void {
    this.#add(seq, why)
  }

  #add(seq: number, content: UpdateHeader | CloudlessError): void {
    const { region } = this.#options
    const last = this.lastSeq
    if (seq <= last) return
    if (seq > last + 1) {
      const text = `update ${seq} of ${region} came after ${last}; updates between them are missing`
      throw new CloudlessError('conflict', 'UPDATE_GAP', text, { metadata: { region } })
    }
    this.#entries.push({ seq, content, bytes: null })
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

  async #takeIn(entry: Entry): Promise<void> {
    const { side, memory, signal, region } = this.#options
    const payload = await this.#bytesOf(entry)
    const { seq, content } = entry
    try {
      // A snapshot may have jumped over it meanwhile.
      if (seq <= side.appliedSeqOf(region)) return
      if (content instanceof CloudlessError) await side.leaveOut(region, seq, content, signal)
      else await side.receive({ header: content, bytes: payload }, signal)
    } finally {
      if (payload !== null) memory.release(payload)
    }
  }

  async #bytesOf(entry: Entry): Promise<Uint8Array | null> {
    try {
      return await entry.bytes
    } catch (error) {
      if (!(error instanceof CloudlessError) || error.reason !== 'PAYLOAD_DIFFERS') throw error
      entry.content = error
      return null
    }
  }

  #prefetch(): void {
    const { region, fetcher, side } = this.#options
    let ahead = 0
    for (const [at, entry] of this.#entries.slice(0, 1 + prefetchUpdates).entries()) {
      // Before the first byte is asked for: what is announced may be of any size.
      if (entry.bytes === null && !(entry.content instanceof CloudlessError)) {
        entry.content = side.objection(entry.content) ?? entry.content
      }
      const payload = entry.content instanceof CloudlessError ? null : entry.content.payload
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
