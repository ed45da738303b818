// Meters what instances use. Device-seconds come in windows that follow each other without a gap, with ids
// `instance/attempt/index`; where the last one ended is a mark that becomes durable together with it, so after a crash the
// next agent meters on from there: no second is lost or counted twice. Each window says what the time was for: until a
// worker's first step it starts, then it trains, and what it waited for others meanwhile is idle. Of a share of a GPU the part
// that was used is metered, at least the part that was guaranteed.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import type { Run } from '#physical-plane/runtime/runtime.ts'
import type { Usage } from '#proto/generated/cloudless/v1/Usage.ts'
import type { AgentConfig } from './config.ts'
import type { Journal, JournalEntry, NewRecord } from './journal.ts'
import { classKeyOf, plainPurchase, type Purchase } from './purchase.ts'

export type MeteredRun = Pick<Run, 'instanceId' | 'jobId' | 'attempt' | 'slices'>
/** Idle time is what is taken out of training. */
export type DevicePurpose = 'start' | 'train' | 'redo' | 'serve'

type Open = {
  readonly run: MeteredRun
  untilMs: number
  index: number
  purpose: DevicePurpose
  /** Of each GPU that it has a share of: device-seconds used until the window began, as its manager counts them. */
  usedSeconds: readonly number[]
  /** Waited for others and not yet told of. */
  idleMs: number
  /** As the parameter server said last. */
  waitedSeconds: number
}

/** Device-seconds that the instance's present run has used of a GPU, as far as this agent has seen: grows from 0. */
export type UsedSeconds = (instanceId: string, deviceId: string) => number

const windowMark = z.object({
  untilMs: z.number(),
  index: z.number(),
  purpose: z.enum(['start', 'train', 'redo', 'serve']).default('start'),
})

export class Meter {
  readonly #clock: Clock
  readonly #journal: Journal
  readonly #windowMs: number
  readonly #purchase: Purchase
  readonly #usedSeconds: UsedSeconds
  readonly #open = new Map<string, Open>()

  constructor(
    clock: Clock,
    journal: Journal,
    config: Pick<AgentConfig, 'windowMs'>,
    purchase: Purchase = plainPurchase,
    usedSeconds: UsedSeconds = () => 0,
  ) {
    this.#clock = clock
    this.#journal = journal
    this.#windowMs = config.windowMs
    this.#purchase = purchase
    this.#usedSeconds = usedSeconds
  }

  /** From the start of the run, or from its last journaled window. */
  begin(run: MeteredRun & Pick<Run, 'startedAtMs'>): void {
    const mark = windowMark.safeParse(this.#journal.marks.get(markOf(run)))
    const first = { untilMs: Math.floor(run.startedAtMs), index: 0, purpose: 'start' as const }
    const usedSeconds = this.#usedOf(run)
    this.#open.set(run.instanceId, { run, ...(mark.data ?? first), usedSeconds, idleMs: 0, waitedSeconds: 0 })
  }

  /** What a worker's time is for from now on, and how long it has waited for others since it joined. */
  use(instanceId: string, purpose: DevicePurpose, waitedSeconds: number): void {
    const open = this.#open.get(instanceId)
    if (open === undefined) return
    // One that joined again begins anew.
    const waited = waitedSeconds >= open.waitedSeconds ? waitedSeconds - open.waitedSeconds : waitedSeconds
    open.waitedSeconds = waitedSeconds
    if (open.purpose !== 'start' || purpose !== 'start') open.idleMs += 1_000 * waited
    // Its parameter server may be another one now, for which it has not stepped; its own start was before.
    if (purpose === open.purpose || purpose === 'start') return
    const records = this.#close(open, this.#clock.now())
    open.purpose = purpose
    void this.#journal.append({ records, marks: { [markOf(open.run)]: markedOf(open) } })
  }

  /** It has other shares of its GPUs from now on; what it had until now is told as such. */
  reshape(instanceId: string, slices: Run['slices']): void {
    const open = this.#open.get(instanceId)
    if (open === undefined) return
    const records = this.#close(open, this.#clock.now())
    this.#open.set(instanceId, { ...open, run: { ...open.run, slices } })
    void this.#journal.append({ records, marks: { [markOf(open.run)]: markedOf(open) } })
  }

  /** The last window, to be journaled in one entry with the fact that the run has ended. */
  end(instanceId: string, endedAtMs: number): JournalEntry {
    const open = this.#open.get(instanceId)
    if (open === undefined) return {}
    this.#open.delete(instanceId)
    return { records: this.#close(open, endedAtMs), marks: { [markOf(open.run)]: null } }
  }

  /** Journals the windows that are full. With a journal without room windows grow instead. */
  tick(): void {
    if (!this.#journal.hasRoom) return
    const nowMs = this.#clock.now()
    for (const open of this.#open.values()) {
      if (nowMs - open.untilMs < this.#windowMs) continue
      const records = this.#close(open, nowMs)
      if (records.length > 0) void this.#journal.append({ records, marks: { [markOf(open.run)]: markedOf(open) } })
    }
  }

  /** Moves the open window's start; none when nothing is to be paid. A clock that went back pays nothing twice. */
  #close(open: Open, untilMs: number): NewRecord[] {
    const fromMs = open.untilMs
    const toMs = Math.floor(untilMs)
    if (toMs <= fromMs || open.run.slices.length === 0) return []
    const devices = this.#devicesUsed(open, (toMs - fromMs) / 1_000)
    const idleMs = open.purpose === 'start' ? 0 : Math.min(Math.floor(open.idleMs), toMs - fromMs)
    open.idleMs -= idleMs
    open.untilMs = toMs
    const part = (purpose: string, from: number, to: number): NewRecord[] => {
      if (to <= from) return []
      const { instanceId, jobId, attempt, slices } = open.run
      const usage: Usage = {
        id: `${instanceId}/${attempt}/${open.index}`,
        jobId,
        instanceId,
        kind: 'USAGE_KIND_DEVICE_SECONDS',
        subject: classKeyOf(slices[0]?.deviceModel ?? '', this.#purchase),
        quantity: (devices * (to - from)) / 1_000,
        fromMs: from,
        toMs: to,
        attempt,
        purpose,
      }
      open.index += 1
      return [{ usage }]
    }
    return [...part(open.purpose, fromMs, toMs - idleMs), ...part('idle', toMs - idleMs, toMs)]
  }

  /**
   * Devices paid for, on average over the window, which begins anew: whole ones by units; of a share what was really used of its
   * GPU, at least what is guaranteed and at most its limit: what launches overshoot it by is held back afterwards. What a
   * predecessor saw used and did not tell is lost.
   */
  #devicesUsed(open: Open, seconds: number): number {
    const before = open.usedSeconds
    open.usedSeconds = this.#usedOf(open.run)
    let devices = 0
    for (const [at, { units, share }] of open.run.slices.entries()) {
      if (share === undefined) devices += units
      else {
        const used = (open.usedSeconds[at]! - before[at]!) / seconds
        // Of the whole GPU, as `used` is.
        const part = (share.smMilli ?? 1_000) / 1_000
        devices += Math.min((part * share.limitMilli) / 1_000, Math.max((part * share.requestMilli) / 1_000, used))
      }
    }
    return devices
  }

  #usedOf({ instanceId, slices }: MeteredRun): readonly number[] {
    return slices.map(({ deviceId, share }) => (share === undefined ? 0 : this.#usedSeconds(instanceId, deviceId)))
  }
}

/** Several entries as one, so that they become durable together. */
export function joinEntries(...entries: readonly JournalEntry[]): JournalEntry {
  return {
    records: entries.flatMap((entry) => entry.records ?? []),
    marks: Object.assign({}, ...entries.map((entry) => entry.marks ?? {})) as Record<string, unknown>,
  }
}

function markedOf({ untilMs, index, purpose }: Open): z.infer<typeof windowMark> {
  return { untilMs, index, purpose }
}

function markOf(run: Pick<Run, 'instanceId' | 'attempt'>): string {
  return `meter/${run.instanceId}/${run.attempt}`
}
