import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock, settle } from '#runtime/virtual-clock.ts'
import { agentConfig } from './config.ts'
import { Journal, memoryJournalStorage, type JournalStorage } from './journal.ts'
import { Meter } from './meter.ts'

const startMs = Date.UTC(2026, 0, 1)
const aRun = {
  instanceId: 'j-1/lab/worker-0',
  jobId: 'j-1',
  attempt: 1,
  slices: [{ deviceId: 'cpu-0', deviceModel: 'cpu', units: 3 }],
  startedAtMs: startMs + 0.75,
}

async function anAgent(storage: JournalStorage, clock: VirtualClock): Promise<{ journal: Journal; meter: Meter }> {
  const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
  return { journal, meter: new Meter(clock, journal, agentConfig) }
}

const usagesOf = (journal: Journal) => journal.after(0, 100_000).map(({ usage }) => usage!)

describe('Meter', () => {
  test('windows follow each other and the last ends with the run', async () => {
    const clock = new VirtualClock(startMs)
    const { journal, meter } = await anAgent(memoryJournalStorage(), clock)
    meter.begin(aRun)
    for (let count = 0; count < 3; count++) {
      await clock.advance(6_000)
      meter.tick()
    }
    await journal.append(meter.end(aRun.instanceId, startMs + 20_000.9))
    expect(usagesOf(journal)).toEqual([
      {
        id: 'j-1/lab/worker-0/1/0',
        jobId: 'j-1',
        instanceId: 'j-1/lab/worker-0',
        kind: 'USAGE_KIND_DEVICE_SECONDS',
        subject: 'cpu',
        quantity: 36,
        fromMs: startMs,
        toMs: startMs + 12_000,
      },
      expect.objectContaining({
        id: 'j-1/lab/worker-0/1/1',
        quantity: 24,
        fromMs: startMs + 12_000,
        toMs: startMs + 20_000,
      }),
    ])
    expect(journal.marks.size).toBe(0)
  })

  test('no slice, no seconds; a clock that goes back pays nothing twice', async () => {
    const clock = new VirtualClock(startMs)
    const { journal, meter } = await anAgent(memoryJournalStorage(), clock)
    meter.begin({ ...aRun, slices: [] })
    await clock.advance(60_000)
    meter.tick()
    expect(meter.end(aRun.instanceId, clock.now()).records).toEqual([])
    meter.begin(aRun)
    expect(meter.end(aRun.instanceId, startMs - 5_000).records).toEqual([])
    expect(usagesOf(journal)).toEqual([])
  })

  test('whatever crashes, and whatever of the journal they lose, windows are disjoint and sum up to the lifetime', async () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 1, max: 25_000 }),
      end: fc.constantFrom('tick' as const, 'tick' as const, 'crash' as const, 'crash in append' as const),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const clock = new VirtualClock(startMs)
        const storage = memoryJournalStorage()
        let { journal, meter } = await anAgent(storage, clock)
        meter.begin(aRun)
        for (const { waitMs, end } of steps) {
          await clock.advance(waitMs)
          if (end !== 'crash') meter.tick()
          if (end === 'tick') {
            await settle()
            continue
          }
          // "Crash in append": the window was closed in memory, and never became durable.
          journal.close()
          await settle()
          ;({ journal, meter } = await anAgent(storage, clock))
          meter.begin(aRun)
        }
        await clock.advance(1_234)
        await journal.append(meter.end(aRun.instanceId, clock.now()))
        const usages = usagesOf(journal).map((usage) => ({
          id: usage.id,
          from: Number(usage.fromMs),
          to: Number(usage.toMs),
          quantity: Number(usage.quantity),
        }))
        expect(new Set(usages.map(({ id }) => id)).size).toBe(usages.length)
        let untilMs = startMs
        for (const { from, to, quantity } of usages) {
          expect(from).toBe(untilMs)
          expect(quantity).toBe((3 * (to - from)) / 1_000)
          untilMs = to
        }
        expect(untilMs).toBe(clock.now())
      }),
      { numRuns: 60 },
    )
  })

  test('a journal without room makes windows longer, not fewer seconds', async () => {
    const clock = new VirtualClock(startMs)
    const config = { ...agentConfig, journalRecordsMax: 1 }
    const journal = await Journal.open({ storage: memoryJournalStorage(), clock, log: silentLog, config })
    const meter = new Meter(clock, journal, config)
    meter.begin(aRun)
    for (let count = 0; count < 3; count++) {
      await clock.advance(10_000)
      meter.tick()
      await settle()
    }
    expect(journal.after(0, 10).length).toBe(1)
    journal.acknowledge(1)
    meter.tick()
    await settle()
    expect(journal.after(1, 10)).toMatchObject([
      { usage: { quantity: 60, fromMs: startMs + 10_000, toMs: startMs + 30_000 } },
    ])
  })
})

describe('WAN bytes', () => {
  const server = 'j-1/lab/parameter-server'

  test('totals become differences by region, over crashes and attempts', async () => {
    const clock = new VirtualClock(startMs)
    const storage = memoryJournalStorage()
    const first = await anAgent(storage, clock)
    first.meter.reportWan(server, 'j-1', { 'b/one': 100, 'a/two': 7, 'c/none': 0 })
    first.meter.tick()
    await settle()
    first.meter.reportWan(server, 'j-1', { 'b/one': 150, 'a/two': 7 })
    first.journal.close()
    const second = await anAgent(storage, clock)
    await clock.advance(3_000)
    second.meter.reportWan(server, 'j-1', { 'b/one': 170, 'a/two': 7 })
    await second.journal.append(second.meter.wanEntry(server))
    expect(usagesOf(second.journal)).toMatchObject([
      { id: `${server}/wan/a/two/0`, kind: 'USAGE_KIND_WAN_BYTES', subject: 'a/two', quantity: 7 },
      { id: `${server}/wan/b/one/0`, subject: 'b/one', quantity: 100 },
      { id: `${server}/wan/b/one/1`, subject: 'b/one', quantity: 70, fromMs: startMs, toMs: startMs + 3_000 },
    ])
  })

  test('a server that went back to an older checkpoint is not paid twice', async () => {
    const { journal, meter } = await anAgent(memoryJournalStorage(), new VirtualClock(startMs))
    for (const bytes of [100, 60, 90, 130]) {
      meter.reportWan(server, 'j-1', { a: bytes })
      meter.tick()
      await settle()
    }
    expect(usagesOf(journal).map(({ quantity }) => quantity)).toEqual([100, 30])
  })

  test('a forgotten instance leaves no mark', async () => {
    const { journal, meter } = await anAgent(memoryJournalStorage(), new VirtualClock(startMs))
    meter.reportWan(server, 'j-1', { a: 1 })
    meter.tick()
    await settle()
    await journal.append(meter.forget(server))
    expect(journal.marks.size).toBe(0)
  })
})
