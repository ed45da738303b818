// Meters what instances use. Device-seconds come in windows with ids `instance/attempt/index`; where the last window
// ended is a mark that becomes durable together with it, so after a crash the next agent meters on from there: no second
// is lost or counted twice. WAN bytes are the growth of the parameter server's running totals, by target region.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import type { Run } from '#physical-plane/runtime/runtime.ts'
import type { Usage } from '#proto/generated/cloudless/v1/Usage.ts'
import type { AgentConfig } from './config.ts'
import type { Journal, JournalEntry, NewRecord } from './journal.ts'

type Open = {
  readonly run: Pick<Run, 'instanceId' | 'jobId' | 'attempt' | 'slices'>
  untilMs: number
  index: number
}

const windowMark = z.object({ untilMs: z.number(), index: z.number() })
const totalsMark = z.record(z.string(), z.object({ bytes: z.number(), index: z.number(), untilMs: z.number() }))
type Totals = z.infer<typeof totalsMark>

type Wan = { readonly jobId: string; readonly since: Totals; totals: Readonly<Record<string, number>> }

export class Meter {
  readonly #clock: Clock
  readonly #journal: Journal
  readonly #windowMs: number
  readonly #open = new Map<string, Open>()
  readonly #wan = new Map<string, Wan>()

  constructor(clock: Clock, journal: Journal, config: Pick<AgentConfig, 'windowMs'>) {
    this.#clock = clock
    this.#journal = journal
    this.#windowMs = config.windowMs
  }

  /** From the start of the run, or from its last journaled window. */
  begin(run: Pick<Run, 'instanceId' | 'jobId' | 'attempt' | 'slices' | 'startedAtMs'>): void {
    const mark = windowMark.safeParse(this.#journal.marks.get(markOf(run)))
    const { untilMs, index } = mark.success ? mark.data : { untilMs: Math.floor(run.startedAtMs), index: 0 }
    this.#open.set(run.instanceId, { run, untilMs, index })
  }

  /** The last window, to be journaled in one entry with the fact that the run has ended. */
  end(instanceId: string, endedAtMs: number): JournalEntry {
    const open = this.#open.get(instanceId)
    if (open === undefined) return {}
    this.#open.delete(instanceId)
    const last = closeWindow(open, endedAtMs)
    return { records: last === null ? [] : [last], marks: { [markOf(open.run)]: null } }
  }

  /** The parameter server's totals since the partition began. */
  reportWan(instanceId: string, jobId: string, totals: Readonly<Record<string, number>>): void {
    const known = this.#wan.get(instanceId)
    if (known !== undefined) known.totals = totals
    else this.#wan.set(instanceId, { jobId, since: this.#wanMark(instanceId), totals })
  }

  /** The growth of the totals since the last entry; to be journaled at the end of a run, and every window. */
  wanEntry(instanceId: string): JournalEntry {
    const wan = this.#wan.get(instanceId)
    if (wan === undefined) return {}
    const nowMs = Math.floor(this.#clock.now())
    const records: NewRecord[] = []
    for (const [region, bytes] of Object.entries(wan.totals).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const last = wan.since[region] ?? { bytes: 0, index: 0, untilMs: nowMs }
      // A parameter server that went back to an older checkpoint counts again from there; wait until it is past.
      if (bytes <= last.bytes) continue
      const usage: Usage = {
        id: `${instanceId}/wan/${region}/${last.index}`,
        jobId: wan.jobId,
        instanceId,
        kind: 'USAGE_KIND_WAN_BYTES',
        subject: region,
        quantity: bytes - last.bytes,
        fromMs: last.untilMs,
        toMs: nowMs,
      }
      records.push({ usage })
      wan.since[region] = { bytes, index: last.index + 1, untilMs: nowMs }
    }
    return records.length === 0 ? {} : { records, marks: { [wanMarkOf(instanceId)]: { ...wan.since } } }
  }

  /** Journals the windows that are full. With a journal without room windows grow instead. */
  tick(): void {
    if (!this.#journal.hasRoom) return
    const nowMs = this.#clock.now()
    for (const open of this.#open.values()) {
      if (nowMs - open.untilMs < this.#windowMs) continue
      const usage = closeWindow(open, nowMs)
      if (usage === null) continue
      const mark = { untilMs: open.untilMs, index: open.index }
      void this.#journal.append({ records: [usage], marks: { [markOf(open.run)]: mark } })
    }
    for (const instanceId of this.#wan.keys()) {
      const entry = this.wanEntry(instanceId)
      if (entry.records !== undefined) void this.#journal.append(entry)
    }
  }

  /** Nobody wants the instance any more: its totals go with it. */
  forget(instanceId: string): JournalEntry {
    this.#wan.delete(instanceId)
    return this.#journal.marks.has(wanMarkOf(instanceId)) ? { marks: { [wanMarkOf(instanceId)]: null } } : {}
  }

  #wanMark(instanceId: string): Totals {
    const mark = totalsMark.safeParse(this.#journal.marks.get(wanMarkOf(instanceId)))
    return mark.success ? mark.data : {}
  }
}

/** Several entries as one, so that they become durable together. */
export function joinEntries(...entries: readonly JournalEntry[]): JournalEntry {
  return {
    records: entries.flatMap((entry) => entry.records ?? []),
    marks: Object.assign({}, ...entries.map((entry) => entry.marks ?? {})) as Record<string, unknown>,
  }
}

/** Moves the open window's start; null when nothing is to be paid. A clock that went back pays nothing twice. */
function closeWindow(open: Open, untilMs: number): NewRecord | null {
  const toMs = Math.floor(untilMs)
  const units = open.run.slices.reduce((sum, slice) => sum + slice.units, 0)
  if (toMs <= open.untilMs || units === 0) return null
  const { instanceId, jobId, attempt, slices } = open.run
  const usage: Usage = {
    id: `${instanceId}/${attempt}/${open.index}`,
    jobId,
    instanceId,
    kind: 'USAGE_KIND_DEVICE_SECONDS',
    subject: slices[0]?.deviceModel ?? '',
    quantity: (units * (toMs - open.untilMs)) / 1_000,
    fromMs: open.untilMs,
    toMs,
  }
  open.untilMs = toMs
  open.index += 1
  return { usage }
}

function markOf(run: Pick<Run, 'instanceId' | 'attempt'>): string {
  return `meter/${run.instanceId}/${run.attempt}`
}

function wanMarkOf(instanceId: string): string {
  return `wan/${instanceId}`
}
