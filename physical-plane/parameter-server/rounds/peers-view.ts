// The other regions as this one sees them now: their newest statuses, and who was heard lately. A region is away once
// nothing came from it for `silenceMs`, or at once where its process says that it stops, until another one speaks. A status
// that it left behind still says what it had promised.
import type { Clock } from '#runtime/clock.ts'
import type { Members } from '../members.ts'
import type { View } from './agreement.ts'
import { silenceMs, stallMs } from './config.ts'
import type { PeerStatus } from './types.ts'

export class PeersView {
  readonly #members: Members
  readonly #clock: Clock
  readonly #statuses = new Map<string, PeerStatus>()
  readonly #heardAtMs = new Map<string, number>()
  #startedAtMs: number

  constructor(members: Members, clock: Clock) {
    this.#members = members
    this.#clock = clock
    this.#startedAtMs = clock.monotonicMs()
  }

  statusChanged(region: string, status: PeerStatus): void {
    this.#statuses.set(region, status)
    this.heard(region)
  }

  heard(region: string): void {
    this.#heardAtMs.set(region, this.#clock.monotonicMs())
  }

  statusOf(region: string): PeerStatus | null {
    return this.#statuses.get(region) ?? null
  }

  hears(region: string): boolean {
    return this.#heardAtMs.has(region) && this.#clock.monotonicMs() < this.#awayAtMs(region)
  }

  /** Its process said that it stops, and no other one has spoken since. */
  hasLeft(region: string): boolean {
    return this.#statuses.get(region)?.isLeaving === true
  }

  /** Why a region that is not heard is not, in words. */
  absence(region: string): string {
    if (this.hasLeft(region)) return 'stopped'
    const atMs = this.#heardAtMs.get(region)
    return atMs === undefined ? 'never heard' : `silent for ${((this.#clock.monotonicMs() - atMs) / 1000).toFixed(1)} s`
  }

  /**
   * This process should have woken so long ago. Timers run before sockets are read, so whoever was not away by then gets
   * a moment to be heard.
   */
  wokeLate(overdueMs: number): void {
    if (overdueMs < stallMs) return
    const nowMs = this.#clock.monotonicMs()
    const stoodStillAtMs = nowMs - overdueMs
    const moved = (atMs: number): number => {
      if (atMs + silenceMs < stoodStillAtMs) return atMs
      return Math.min(nowMs, Math.max(atMs + overdueMs, nowMs - silenceMs + stallMs))
    }
    this.#startedAtMs = moved(this.#startedAtMs)
    for (const [region, atMs] of this.#heardAtMs) this.#heardAtMs.set(region, moved(atMs))
  }

  /** Live peers that are heard now, ascending. */
  get heardPeers(): readonly string[] {
    return this.#members.peers.filter((region) => this.hears(region))
  }

  /** Live peers that are not away: a process that has just begun does not take those for lost that had no time to speak. */
  get expectedPeers(): readonly string[] {
    return this.#members.peers.filter((region) => this.#clock.monotonicMs() < this.#awayAtMs(region))
  }

  /** When the next region will count as away unless it is heard before. */
  get nextSilenceAtMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.expectedPeers.map((region) => this.#awayAtMs(region)))
  }

  #awayAtMs(region: string): number {
    if (this.hasLeft(region)) return Number.NEGATIVE_INFINITY
    return (this.#heardAtMs.get(region) ?? this.#startedAtMs) + silenceMs
  }

  view(): View {
    return {
      electorate: this.#members.live,
      planned: this.#members.book.hub,
      regionsTotal: this.#members.all.length,
      statuses: this.#statuses,
      hears: (region) => this.hears(region),
      nowMs: this.#clock.monotonicMs(),
    }
  }
}
