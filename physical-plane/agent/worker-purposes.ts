// What the time of workers is for, from what their parameter server says: they start until their first step; then they
// train, or do again what was lost with a checkpoint that had not been written: as long as the partition has used fewer
// samples than it once had.
import { z } from 'zod'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { Journal, JournalEntry } from './journal.ts'
import type { Meter } from './meter.ts'

const samplesMark = z.number()

export class WorkerPurposes {
  readonly #journal: Journal
  readonly #meter: Pick<Meter, 'use'>
  /** The most samples that a partition had used, by its parameter server. */
  readonly #most = new Map<string, number>()
  readonly #isMarked = new Set<string>()

  constructor(journal: Journal, meter: Pick<Meter, 'use'>) {
    this.#journal = journal
    this.#meter = meter
  }

  heard(serverId: string, { progress, workers }: Pick<InstanceStatus__Output, 'progress' | 'workers'>): void {
    if (progress === null) return
    const { samplesDone } = progress
    const most = this.#mostOf(serverId)
    if (samplesDone > most) {
      this.#most.set(serverId, samplesDone)
      this.#isMarked.delete(serverId)
    }
    const working = samplesDone < most ? 'redo' : 'train'
    for (const { instanceId, hasStepped, waitedSeconds } of workers)
      this.#meter.use(instanceId, hasStepped ? working : 'start', waitedSeconds)
  }

  /** Every window: what a machine that dies now must not forget. */
  tick(): void {
    const marks = [...this.#most].filter(([serverId]) => !this.#isMarked.has(serverId))
    if (marks.length === 0) return
    for (const [serverId] of marks) this.#isMarked.add(serverId)
    void this.#journal.append({ marks: Object.fromEntries(marks.map(([id, samples]) => [markOf(id), samples])) })
  }

  forget(serverId: string): JournalEntry {
    this.#most.delete(serverId)
    return this.#journal.marks.has(markOf(serverId)) ? { marks: { [markOf(serverId)]: null } } : {}
  }

  #mostOf(serverId: string): number {
    const known = this.#most.get(serverId)
    if (known !== undefined) return known
    const mark = samplesMark.safeParse(this.#journal.marks.get(markOf(serverId)))
    return mark.success ? mark.data : 0
  }
}

function markOf(serverId: string): string {
  return `samples/${serverId}`
}
