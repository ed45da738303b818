// What must not be lost: usage, rounds, evaluations and instance events, numbered by `seq` and kept until the control
// plane holds them; and marks, small facts by key that a restarted agent needs. Records and marks of one append become
// durable together or not at all: that is what lets metering go on after a crash without losing or doubling a second.
import { z } from 'zod'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import { decode, encode } from '#runtime/encoding.ts'
import type { Log } from '#runtime/log.ts'
import type { JournalRecord } from '#proto/generated/cloudless/v1/JournalRecord.ts'
import type { AgentConfig } from './config.ts'

/** A record without its number: exactly one of usage, round, evaluation, event. */
export type NewRecord = Pick<JournalRecord, 'usage' | 'round' | 'evaluation' | 'event'>
export type NumberedRecord = NewRecord & { readonly seq: number }
/** Null removes the mark. */
export type Marks = Readonly<Record<string, unknown>>
export type JournalEntry = { readonly records?: readonly NewRecord[]; readonly marks?: Marks }

export interface JournalStorage {
  /** Lines in the order they were written; a torn one at the end is left out. */
  read(): Promise<readonly string[]>
  /** Durable when it resolves; all of the lines or none when it rejects. */
  append(lines: readonly string[]): Promise<void>
  /** Swaps the whole content at once. */
  replace(lines: readonly string[]): Promise<void>
}

export type JournalOptions = {
  readonly storage: JournalStorage
  readonly clock: Clock
  readonly log: Log
  readonly config: Pick<AgentConfig, 'journalRecordsMax' | 'journalRetryMs'>
}

const lineSchema = z.object({
  /** The number of the first record; later ones follow on. Absent in a line of marks alone. */
  seq: z.number().int().optional(),
  records: z.array(z.record(z.string(), z.unknown())).optional(),
  marks: z.record(z.string(), z.unknown()).optional(),
  /** Numbers below this have been used. */
  nextSeq: z.number().int().optional(),
})

type Pending = { readonly entry: JournalEntry; readonly resolve: () => void }

/** A folded line: acknowledged records are dropped once there are this many. */
const foldAfterRecords = 2_000
const foldAfterLines = 20_000

export class Journal {
  readonly #options: JournalOptions
  readonly #marks = new Map<string, unknown>()
  #records: NumberedRecord[] = []
  #nextSeq = 1
  #acknowledgedSeq = 0
  #dropped = 0
  #lines = 0
  #pending: Pending[] = []
  #isWriting = false
  #isClosed = false
  #trouble = ''
  #onAppended: () => void = () => {}

  private constructor(options: JournalOptions) {
    this.#options = options
  }

  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options)
    for (const line of await options.storage.read()) journal.#restore(line)
    await journal.#foldNow()
    return journal
  }

  get marks(): ReadonlyMap<string, unknown> {
    return this.#marks
  }
  get lastSeq(): number {
    return this.#nextSeq - 1
  }
  get acknowledgedSeq(): number {
    return this.#acknowledgedSeq
  }
  /** False: the control plane has not taken records for long; hold back what can be held back. */
  get hasRoom(): boolean {
    return this.#records.length + this.#pending.length < this.#options.config.journalRecordsMax
  }
  /** Why nothing can be written now; '' when all is well. */
  get trouble(): string {
    return this.#trouble
  }

  onAppended(run: () => void): void {
    this.#onAppended = run
  }

  /** Resolves when the entry is durable; waits as long as the disk refuses. */
  append(entry: JournalEntry): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) return
      this.#pending.push({ entry, resolve })
      void this.#write()
    })
  }

  /** Durable records after `seq`, oldest first. */
  after(seq: number, recordsMax: number): readonly NumberedRecord[] {
    const first = this.#records[0]?.seq ?? this.#nextSeq
    const from = Math.max(0, seq + 1 - first)
    return this.#records.slice(from, from + recordsMax)
  }

  /** The control plane holds everything up to `seq`. Beyond our own last number it remembers a journal we lost. */
  acknowledge(seq: number): void {
    if (seq <= this.#acknowledgedSeq) return
    this.#acknowledgedSeq = seq
    const kept = this.#records.findIndex((record) => record.seq > seq)
    const gone = kept === -1 ? this.#records.length : kept
    this.#records.splice(0, gone)
    this.#dropped += gone
    if (this.#nextSeq <= seq) this.#nextSeq = seq + 1
  }

  /** Nothing is written after this; appends that wait never resolve. As if the process had been killed. */
  close(): void {
    this.#isClosed = true
    this.#pending = []
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0)
      await this.#writeGroup(group)
    }
    this.#isWriting = false
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const { storage, clock, log, config } = this.#options
    for (;;) {
      if (this.#isClosed) return
      // Numbered at each try: the control plane may have moved the next number meanwhile.
      let seq = this.#nextSeq
      const lines = group.map(({ entry }) => {
        const line = encode({ seq, ...entry })
        seq += entry.records?.length ?? 0
        return line
      })
      try {
        await storage.append(lines)
        this.#trouble = ''
        break
      } catch (error) {
        if (this.#trouble === '')
          log.error({ why: messageOf(error) }, 'journal cannot be written; keeping it in memory')
        this.#trouble = `the agent's journal cannot be written: ${messageOf(error)}`
        await clock.sleep(config.journalRetryMs)
      }
    }
    if (this.#isClosed) return
    for (const { entry } of group) this.#take(entry)
    this.#lines += group.length
    for (const { resolve } of group) resolve()
    this.#onAppended()
    if (this.#dropped >= foldAfterRecords || this.#lines >= foldAfterLines) await this.#foldNow()
  }

  async #foldNow(): Promise<void> {
    try {
      await this.#options.storage.replace(this.#fold())
    } catch (error) {
      this.#options.log.warn({ why: messageOf(error) }, 'journal could not be folded; it goes on growing')
    }
  }

  #take(entry: JournalEntry): void {
    for (const record of entry.records ?? []) this.#records.push({ ...record, seq: this.#nextSeq++ })
    for (const [key, value] of Object.entries(entry.marks ?? {})) {
      if (value === null) this.#marks.delete(key)
      else this.#marks.set(key, value)
    }
  }

  /** The least lines that restore the present state. */
  #fold(): readonly string[] {
    const head = encode({
      nextSeq: this.#records[0]?.seq ?? this.#nextSeq,
      marks: Object.fromEntries(this.#marks),
    })
    const lines = this.#records.map(({ seq, ...record }) => encode({ seq, records: [record] }))
    this.#dropped = 0
    this.#lines = lines.length + 1
    return [head, ...lines]
  }

  #restore(text: string): void {
    const line = lineSchema.parse(decode(text))
    const first = line.seq ?? line.nextSeq
    if (first !== undefined) {
      assert(first >= this.#nextSeq, `journal goes back from ${this.#nextSeq} to ${first}`)
      this.#nextSeq = first
    }
    this.#take({ ...(line.records === undefined ? {} : { records: line.records }), marks: line.marks ?? {} })
  }
}

/** Durable for as long as the object lives: for simulations, where only agents crash. */
export function memoryJournalStorage(): JournalStorage {
  let content: string[] = []
  return {
    read: () => Promise.resolve([...content]),
    append: (lines) => {
      content.push(...lines)
      return Promise.resolve()
    },
    replace: (lines) => {
      content = [...lines]
      return Promise.resolve()
    },
  }
}
