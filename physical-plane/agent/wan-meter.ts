// Meters what instances send to other regions, or fetch from them where nobody else counts it: the growth of the running
// totals that they tell, by whoever is at the other end. What was told last is a mark that becomes durable together with
// its record, so no byte is lost or counted twice.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import type { Usage } from '#proto/generated/cloudless/v1/Usage.ts'
import type { Journal, JournalEntry, NewRecord } from './journal.ts'

const totalsMark = z.record(z.string(), z.object({ bytes: z.number(), index: z.number(), untilMs: z.number() }))
type Totals = z.infer<typeof totalsMark>

export type Sent = {
  readonly jobId: string
  readonly attempt: number
  readonly purpose: 'sync' | 'data' | 'checkpoint'
  /** Since the instance was first started, by receiver; of what was fetched, by region. */
  readonly totals: Readonly<Record<string, number>>
}

export type WanMeterOptions = {
  /** Its own, where an instance has several meters: it is in ids. "wan" when absent. */
  readonly word?: string
  /** Where a receiver is: partitions are known by name, bytes are paid by place. */
  readonly placeOf?: (jobId: string, receiver: string) => string
  /** The region that fetches; absent where bytes are sent. */
  readonly fetcher?: string
}

const sameName = (_jobId: string, receiver: string): string => receiver

type Sender = { sent: Sent; readonly since: Totals }

export class WanMeter {
  readonly #clock: Clock
  readonly #journal: Journal
  readonly #senders = new Map<string, Sender>()
  readonly #options: WanMeterOptions

  constructor(clock: Clock, journal: Journal, options: WanMeterOptions = {}) {
    this.#options = options
    this.#clock = clock
    this.#journal = journal
  }

  report(instanceId: string, sent: Sent): void {
    const known = this.#senders.get(instanceId)
    if (known !== undefined) known.sent = sent
    else this.#senders.set(instanceId, { since: this.#mark(instanceId), sent })
  }

  /** The growth of the totals since the last entry; to be journaled at the end of a run, and every window. */
  entry(instanceId: string): JournalEntry {
    const sender = this.#senders.get(instanceId)
    if (sender === undefined) return {}
    const { since, sent } = sender
    const { jobId, attempt, purpose, totals } = sent
    const { fetcher, placeOf = sameName } = this.#options
    const nowMs = Math.floor(this.#clock.now())
    const records: NewRecord[] = []
    for (const [receiver, bytes] of Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const last = since[receiver] ?? { bytes: 0, index: 0, untilMs: nowMs }
      // A parameter server that went back to an older checkpoint counts again from there; wait until it is past.
      if (bytes <= last.bytes) continue
      const usage: Usage = {
        id: `${instanceId}/${this.#word}/${receiver}/${last.index}`,
        jobId,
        instanceId,
        kind: 'USAGE_KIND_WAN_BYTES',
        subject: fetcher ?? placeOf(jobId, receiver),
        quantity: bytes - last.bytes,
        fromMs: last.untilMs,
        toMs: nowMs,
        attempt,
        purpose,
        ...(fetcher === undefined ? {} : { fromRegion: receiver }),
      }
      records.push({ usage })
      since[receiver] = { bytes, index: last.index + 1, untilMs: nowMs }
    }
    return records.length === 0 ? {} : { records, marks: { [this.#markOf(instanceId)]: { ...since } } }
  }

  tick(): void {
    if (!this.#journal.hasRoom) return
    for (const instanceId of this.#senders.keys()) this.#append(this.entry(instanceId))
  }

  /** What was sent until now went to where receivers are now: call it before that changes. */
  settle(): void {
    for (const instanceId of this.#senders.keys()) this.#append(this.entry(instanceId))
  }

  /** Nobody wants the instance any more: its totals go with it. */
  forget(instanceId: string): JournalEntry {
    this.#senders.delete(instanceId)
    const key = this.#markOf(instanceId)
    return this.#journal.marks.has(key) ? { marks: { [key]: null } } : {}
  }

  #append(entry: JournalEntry): void {
    if (entry.records !== undefined) void this.#journal.append(entry)
  }

  #mark(instanceId: string): Totals {
    const mark = totalsMark.safeParse(this.#journal.marks.get(this.#markOf(instanceId)))
    return mark.success ? mark.data : {}
  }

  #markOf(instanceId: string): string {
    return `${this.#word}/${instanceId}`
  }

  get #word(): string {
    return this.#options.word ?? 'wan'
  }
}
