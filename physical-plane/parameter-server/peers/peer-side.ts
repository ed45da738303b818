// What a partition offers to the links with other regions, and what they tell it. `peers/` moves bytes and measures how
// that went; the partition behind it decides what they mean. Neither knows the other's insides.
import type { CloudlessError } from '#runtime/errors.ts'
import type { ChangeSignal } from '../change-signal.ts'
import type { Members } from '../members.ts'
import type { MeasuredLink, PeerStatus } from '../rounds/types.ts'
import type { Update, UpdateHeader } from '../sync/update.ts'
import type { Shelf } from './shelf.ts'

export interface PeerSide {
  readonly region: string
  readonly members: Members
  /** Notified after every change of anything here. */
  readonly changed: ChangeSignal
  /** What this region offers to be fetched. */
  readonly shelf: Shelf

  /** This region's newest status; its revision rises with every change. */
  readonly status: PeerStatus
  /** The header of the sealed update after `seq`; null while there is none that may be sent, or it is forgotten. */
  updateAfter(seq: number): UpdateHeader | null
  /** The region's durable checkpoint holds every update up to `seq`. */
  acknowledge(region: string, seq: number): void
  /** Bytes went over the wire to the region: tensors, headers, statuses. */
  sent(region: string, bytes: number): void

  appliedSeqOf(region: string): number
  durableSeqOf(region: string): number
  /** Why the update can not be used, as far as its header and what is known here show; null where nothing does. */
  objection(header: UpdateHeader): CloudlessError | null
  /** Resolves once the update is taken in; a duplicate is ignored. The caller takes the payload's memory back. */
  receive(update: Update, signal: AbortSignal): Promise<void>
  /**
   * The same for an update that can not be used: refused once, it counts as taken in, for its region would send the same
   * again. Rejects where nothing can begin without it.
   */
  leaveOut(region: string, seq: number, why: CloudlessError, signal: AbortSignal): Promise<void>
  /** host:port where this region listens; goes into every `WatchOpen`. Empty until it does. */
  readonly endpoint: string
  /** The region watches this one and says where it listens itself. */
  called(region: string, endpoint: string): void
  /** A sign of life of any kind. */
  heard(region: string): void
  /** A newer status than the one before, decoded and checked. */
  statusChanged(region: string, status: PeerStatus): void
  received(region: string, bytes: number): void
  /** What was measured on the link from `measured.fromRegion` into this region. */
  measured(measured: MeasuredLink): void
  /** Something of the region's was refused; named, logged once and counted. */
  refused(region: string, reason: string, text: string): void
}

/** Gets what a status or header of the region named. */
export interface PeerFetcher {
  /**
   * The whole payload, checked against its sha256, in memory that the caller releases. Goes on after cuts until the
   * signal is aborted. Rejects with `not-found` when the region does not hold it any more, and with `PAYLOAD_DIFFERS`
   * when all of it came, more than once, and was something else.
   */
  fetch(
    region: string,
    payload: { readonly sha256: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<Uint8Array>
}
