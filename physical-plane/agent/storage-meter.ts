// Meters what a partition keeps while its parameter server runs: checkpoints in the object store, and data that was fetched
// from other regions. What lies there is looked at once a window and counted for all of it. As with device time, windows
// follow each other, and where the last one ended becomes durable together with its record. What a region keeps of a job that
// does not run, so that it can be resumed, is not counted.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Run } from '#physical-plane/runtime/runtime.ts'
import type { AgentConfig } from './config.ts'
import type { Journal, JournalEntry, NewRecord } from './journal.ts'

/** Bytes. */
export type Stored = { readonly checkpoint: number; readonly data: number }

export type StorageMeterDependencies = {
  readonly clock: Clock
  readonly log: Log
  readonly journal: Journal
  readonly config: Pick<AgentConfig, 'storageWindowMs'>
  readonly storedOf: (jobId: string, partition: string) => Promise<Stored>
}

type StoringRun = Pick<Run, 'instanceId' | 'jobId' | 'attempt'>
type Open = {
  readonly run: StoringRun
  readonly partition: string
  untilMs: number
  index: number
  /** As of the last look. */
  stored: Stored
  isLooking: boolean
}

const windowMark = z.object({ untilMs: z.number(), index: z.number() })
const nothing: Stored = { checkpoint: 0, data: 0 }

export class StorageMeter {
  readonly #d: StorageMeterDependencies
  readonly #open = new Map<string, Open>()

  constructor(dependencies: StorageMeterDependencies) {
    this.#d = dependencies
  }

  /** Of a parameter server: from the start of the run, or from its last journaled window. */
  begin(run: StoringRun & Pick<Run, 'startedAtMs'>, partition: string): void {
    const { instanceId, jobId, attempt } = run
    const mark = windowMark.safeParse(this.#d.journal.marks.get(markOf(run)))
    const window = mark.success ? mark.data : { untilMs: Math.floor(run.startedAtMs), index: 0 }
    const open: Open = { run: { instanceId, jobId, attempt }, partition, ...window, stored: nothing, isLooking: false }
    this.#open.set(instanceId, open)
  }

  /** Looks at what is stored where a window is full, and journals it. */
  tick(): void {
    const { clock, journal, config } = this.#d
    if (!journal.hasRoom) return
    for (const open of this.#open.values())
      if (!open.isLooking && clock.now() - open.untilMs >= config.storageWindowMs) void this.#look(open)
  }

  /** The last window, to be journaled in one entry with the fact that the run has ended. */
  end(instanceId: string, endedAtMs: number): JournalEntry {
    const open = this.#open.get(instanceId)
    if (open === undefined) return {}
    this.#open.delete(instanceId)
    return { records: closed(open, endedAtMs), marks: { [markOf(open.run)]: null } }
  }

  async #look(open: Open): Promise<void> {
    const { clock, journal, log, storedOf } = this.#d
    const { run, partition } = open
    open.isLooking = true
    try {
      open.stored = await storedOf(run.jobId, partition)
    } catch (error) {
      log.warn({ instanceId: run.instanceId, why: messageOf(error) }, 'what is stored can not be looked at')
    }
    open.isLooking = false
    if (this.#open.get(run.instanceId) !== open) return
    const records = closed(open, clock.now())
    const { untilMs, index } = open
    if (records.length > 0) void journal.append({ records, marks: { [markOf(run)]: { untilMs, index } } })
  }
}

/** Moves the window's start. */
function closed(open: Open, untilMs: number): readonly NewRecord[] {
  const fromMs = open.untilMs
  const toMs = Math.floor(untilMs)
  if (toMs <= fromMs) return []
  open.untilMs = toMs
  const { instanceId, jobId, attempt } = open.run
  return (['checkpoint', 'data'] as const).flatMap((what): NewRecord[] => {
    const bytes = open.stored[what]
    if (bytes <= 0) return []
    const usage = {
      id: `${instanceId}/${attempt}/stored/${what}/${open.index++}`,
      jobId,
      instanceId,
      kind: 'USAGE_KIND_STORAGE_BYTE_SECONDS' as const,
      subject: what,
      quantity: (bytes * (toMs - fromMs)) / 1_000,
      fromMs,
      toMs,
      attempt,
      purpose: what,
    }
    return [{ usage }]
  })
}

function markOf(run: Pick<Run, 'instanceId' | 'attempt'>): string {
  return `stored/${run.instanceId}/${run.attempt}`
}
