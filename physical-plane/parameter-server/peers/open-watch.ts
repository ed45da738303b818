// One open watch, as the watching side keeps it: what it has asked, said and heard on this stream. Without IO.
import type { WatchPeerRequest } from '#proto/generated/cloudless/v1/WatchPeerRequest.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { pongsWaitingMax, requestsWaitingMax, silentMs } from './config.ts'

export class OpenWatch {
  readonly requests = new AsyncQueue<WatchPeerRequest>({ limit: requestsWaitingMax })
  /** Aborted with the reason why the stream must end. */
  readonly over = new AbortController()
  readonly endpoint: string
  /** The newest header that came over it, or what it was opened after. */
  seq: number
  /** Nothing is read from the stream just now, so that silence means nothing. */
  isBusy = false
  /** When each ping went that has no pong yet. */
  readonly #pings = new Map<number, number>()
  #lastPing = 0
  #acknowledged = 0
  #heardAtMs: number
  #isOpen = false

  constructor(endpoint: string, afterSeq: number, nowMs: number) {
    this.endpoint = endpoint
    this.seq = afterSeq
    this.#heardAtMs = nowMs
  }

  heard(nowMs: number): void {
    this.#heardAtMs = nowMs
    if (this.#isOpen) return
    this.#isOpen = true
    // Before anything large is on its way.
    this.ping(nowMs)
  }

  isSilent(nowMs: number): boolean {
    return !this.isBusy && nowMs - this.#heardAtMs > silentMs
  }

  acknowledge(durableSeq: number): void {
    if (durableSeq <= this.#acknowledged) return
    // A full queue means that earlier ones are still on their way; the next change tries again.
    if (this.requests.offer({ ack: { durableSeq } })) this.#acknowledged = durableSeq
  }

  /** Only once the stream is open: connecting takes several round trips. */
  ping(nowMs: number): void {
    if (!this.#isOpen || this.#pings.size >= pongsWaitingMax) return
    const number = this.#lastPing + 1
    if (!this.requests.offer({ ping: { number } })) return
    this.#lastPing = number
    this.#pings.set(number, nowMs)
  }

  /** The round trip; null where no such ping went. */
  pong(number: number, nowMs: number): number | null {
    const sentAtMs = this.#pings.get(number)
    this.#pings.delete(number)
    return sentAtMs === undefined ? null : nowMs - sentAtMs
  }
}
