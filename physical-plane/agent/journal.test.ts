import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock, settle } from '#runtime/virtual-clock.ts'
import { agentConfig } from './config.ts'
import { JournalFile, decodeLines, encodeLines } from './journal-file.ts'
import { Journal, memoryJournalStorage, type JournalStorage, type NewRecord } from './journal.ts'

const anEvent = (text: string): NewRecord => ({
  event: { jobId: 'j-1', instanceId: 'i', attempt: 1, kind: 'started', text },
})
const open = (storage: JournalStorage, clock = new VirtualClock()): Promise<Journal> =>
  Journal.open({ storage, clock, log: silentLog, config: agentConfig })
const textsAfter = (journal: Journal, seq: number): (string | undefined)[] =>
  journal.after(seq, 1_000).map(({ event }) => event?.text)

describe('Journal', () => {
  test('numbers records from 1 and keeps them until they are acknowledged', async () => {
    const journal = await open(memoryJournalStorage())
    await journal.append({ records: [anEvent('a'), anEvent('b')] })
    await journal.append({ records: [anEvent('c')] })
    expect(journal.after(0, 2).map(({ seq }) => seq)).toEqual([1, 2])
    journal.acknowledge(2)
    expect(journal.after(0, 10).map(({ seq }) => seq)).toEqual([3])
    journal.acknowledge(1)
    expect(journal.acknowledgedSeq).toBe(2)
  })

  test('a reopened journal goes on with the next number, unacknowledged records and marks', async () => {
    const storage = memoryJournalStorage()
    const first = await open(storage)
    await first.append({ records: [anEvent('a')], marks: { x: { untilMs: 5 }, y: 1 } })
    await first.append({ records: [anEvent('b')], marks: { y: null } })
    first.acknowledge(2)
    const second = await open(storage)
    expect(textsAfter(second, 0)).toEqual(['a', 'b'])
    expect(second.marks).toEqual(new Map([['x', { untilMs: 5 }]]))
    second.acknowledge(2)
    const third = await open(storage)
    third.acknowledge(2)
    await third.append({ records: [anEvent('c')] })
    expect(third.after(2, 10)).toMatchObject([{ seq: 3 }])
    expect((await open(storage)).lastSeq).toBe(3)
  })

  test('a control plane that remembers more than the journal moves the numbers on', async () => {
    const journal = await open(memoryJournalStorage())
    journal.acknowledge(41)
    await journal.append({ records: [anEvent('a')] })
    expect(journal.after(41, 10)).toMatchObject([{ seq: 42 }])
  })

  test('a full disk holds appends back and says why; nothing is lost when there is room again', async () => {
    const clock = new VirtualClock()
    const storage = memoryJournalStorage()
    let isFull = true
    const journal = await open(
      {
        ...storage,
        append: (lines) =>
          isFull ? Promise.reject(new Error('ENOSPC: no space left on device')) : storage.append(lines),
      },
      clock,
    )
    let isDurable = false
    void journal.append({ records: [anEvent('a')] }).then(() => (isDurable = true))
    await clock.advance(5_000)
    expect({ isDurable, sendable: journal.after(0, 10) }).toEqual({ isDurable: false, sendable: [] })
    expect(journal.trouble).toContain('ENOSPC')
    isFull = false
    await clock.advance(5_000)
    expect(isDurable).toBe(true)
    expect(journal.trouble).toBe('')
    expect(textsAfter(journal, 0)).toEqual(['a'])
  })

  test('folding drops what is acknowledged and keeps the rest', async () => {
    const storage = memoryJournalStorage()
    const journal = await open(storage)
    for (let i = 0; i < 30; i++)
      await journal.append({ records: Array.from({ length: 100 }, (_, k) => anEvent(`${i}/${k}`)) })
    journal.acknowledge(2_990)
    await journal.append({ records: [anEvent('last')], marks: { m: 1 } })
    await settle()
    expect((await storage.read()).length).toBe(12)
    const reopened = await open(storage)
    expect(reopened.after(0, 100).map(({ seq }) => seq)).toEqual([
      2991, 2992, 2993, 2994, 2995, 2996, 2997, 2998, 2999, 3000, 3001,
    ])
    expect(reopened.marks.get('m')).toBe(1)
  })

  test('a closed journal writes nothing more', async () => {
    const storage = memoryJournalStorage()
    const journal = await open(storage)
    journal.close()
    void journal.append({ records: [anEvent('late')] })
    await settle()
    expect(textsAfter(await open(storage), 0)).toEqual([])
  })
})

describe('JournalFile', () => {
  let folder = ''
  let count = 0
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const aPath = (): string => join(folder, `journal-${count++}`)

  test('lines survive, also after a swap', async () => {
    const path = aPath()
    const file = new JournalFile(path, silentLog)
    expect(await file.read()).toEqual([])
    await file.append(['one', 'zwei: ü'])
    await file.replace(['two'])
    await file.append(['three'])
    await file.close()
    expect(await new JournalFile(path, silentLog).read()).toEqual(['two', 'three'])
  })

  test('what a crash tore off, wherever, is dropped and the next line is whole', async () => {
    const lines = ['{"seq":1}', '{"seq":2,"text":"ü"}', '{"seq":3}']
    const whole = encodeLines(lines)
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (length) => {
        const path = aPath()
        writeFileSync(path, whole)
        truncateSync(path, length)
        const file = new JournalFile(path, silentLog)
        const read = await file.read()
        expect(read).toEqual(lines.slice(0, read.length))
        // Only the line that was cut may be missing.
        expect(encodeLines(lines.slice(0, read.length + 1)).length).toBeGreaterThanOrEqual(
          Math.min(length, whole.length),
        )
        await file.append(['next'])
        await file.close()
        expect(await new JournalFile(path, silentLog).read()).toEqual([...read, 'next'])
      }),
      { numRuns: 40 },
    )
  })

  test('a changed byte makes its line invalid, not another line', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const bytes = encodeLines(['first line', 'second line'])
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ difference
        const { lines } = decodeLines(bytes)
        expect(lines.every((line) => line === 'first line' || line === 'second line')).toBe(true)
        expect(lines.length).toBeLessThan(2)
      }),
    )
  })

  test('a journal on a torn file opens and goes on', async () => {
    const path = aPath()
    const before = new JournalFile(path, silentLog)
    await (await open(before)).append({ records: [anEvent('a')] })
    await before.close()
    appendFileSync(path, 'deadbeef {"seq":2,"rec')
    const after = new JournalFile(path, silentLog)
    await (await open(after)).append({ records: [anEvent('b')] })
    await after.close()
    expect(readFileSync(path, 'utf8')).not.toContain('deadbeef')
    expect(textsAfter(await open(new JournalFile(path, silentLog)), 0)).toEqual(['a', 'b'])
  })
})
