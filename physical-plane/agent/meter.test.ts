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
  test('a share that changes is paid as what it was until then', async () => {
    const clock = new VirtualClock(startMs)
    const { journal, meter } = await anAgent(memoryJournalStorage(), clock)
    const share = { requestMilli: 300, limitMilli: 600, memoryBytes: 0 }
    const slice = { deviceId: 'gpu-0', deviceModel: 't4', units: 1, share }
    meter.begin({ ...aRun, slices: [slice] })
    await clock.advance(1_000)
    meter.reshape(aRun.instanceId, [{ ...slice, share: { ...share, requestMilli: 500 } }])
    await clock.advance(1_000)
    await journal.append(meter.end(aRun.instanceId, startMs + 2_000))
    expect(usagesOf(journal)).toMatchObject([
      { quantity: 0.3, fromMs: startMs, toMs: startMs + 1_000 },
      { quantity: 0.5, fromMs: startMs + 1_000, toMs: startMs + 2_000 },
    ])
  })

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
        attempt: 1,
        purpose: 'start',
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

  test('whatever crashes, whatever of the journal they lose and whatever the time was for, windows are disjoint and sum up to the lifetime', async () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 1, max: 25_000 }),
      end: fc.constantFrom('tick' as const, 'tick' as const, 'crash' as const, 'crash in append' as const),
      use: fc.constantFrom('start' as const, 'train' as const, 'redo' as const),
      waitedSeconds: fc.double({ min: 0, max: 30, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const clock = new VirtualClock(startMs)
        const storage = memoryJournalStorage()
        let { journal, meter } = await anAgent(storage, clock)
        meter.begin(aRun)
        for (const { waitMs, end, use, waitedSeconds } of steps) {
          await clock.advance(waitMs)
          meter.use(aRun.instanceId, use, waitedSeconds)
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

  test('time is told apart by what it was for, and what was waited in a window is idle at its end', async () => {
    const clock = new VirtualClock(startMs)
    const { journal, meter } = await anAgent(memoryJournalStorage(), clock)
    meter.begin(aRun)
    await clock.advance(4_000)
    // Before its first step a worker starts, whatever it waits for.
    meter.use(aRun.instanceId, 'start', 3)
    meter.use(aRun.instanceId, 'train', 0)
    await clock.advance(10_000)
    meter.use(aRun.instanceId, 'train', 2.5)
    meter.tick()
    await clock.advance(1_000)
    // Its parameter server began again: it joins anew there, which is no start of its own.
    meter.use(aRun.instanceId, 'start', 0)
    meter.use(aRun.instanceId, 'redo', 0.5)
    await clock.advance(3_000)
    meter.use(aRun.instanceId, 'train', 0.5)
    await clock.advance(1_000)
    await journal.append(meter.end(aRun.instanceId, clock.now()))
    expect(usagesOf(journal).map(({ purpose, quantity }) => [purpose, quantity])).toEqual([
      ['start', 12],
      ['train', 22.5],
      ['idle', 7.5],
      ['train', 1.5],
      ['idle', 1.5],
      ['redo', 9],
      ['train', 3],
    ])
  })

  test("the device class is the ledger's name for the machine", async () => {
    const clock = new VirtualClock(startMs)
    const journal = await Journal.open({
      storage: memoryJournalStorage(),
      clock,
      log: silentLog,
      config: agentConfig,
    })
    const meter = new Meter(clock, journal, agentConfig, { market: 'spot', zone: 'z-1', instanceType: 'g4dn.xlarge' })
    meter.begin(aRun)
    await journal.append(meter.end(aRun.instanceId, startMs + 1_000))
    expect(usagesOf(journal)).toMatchObject([{ subject: 'cpu@spot/z-1/g4dn.xlarge', attempt: 1, purpose: 'start' }])
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

  test('a share on a part of the multiprocessors is metered by its part of the GPU', async () => {
    const clock = new VirtualClock(startMs)
    const journal = await Journal.open({ storage: memoryJournalStorage(), clock, log: silentLog, config: agentConfig })
    let used = 0
    const meter = new Meter(clock, journal, agentConfig, undefined, () => used)
    const share = { requestMilli: 400, limitMilli: 600, memoryBytes: 0, smMilli: 250 }
    meter.begin({
      ...aRun,
      startedAtMs: startMs,
      slices: [{ deviceId: 'g', deviceModel: 'nvidia-t4', units: 1, share }],
    })
    // Idle, in between, and more than it may, of ten seconds each.
    for (const [i, seconds] of [0, 1.2, 5].entries()) {
      used += seconds
      await clock.advance(10_000)
      if (i < 2) meter.tick()
    }
    await journal.append(meter.end(aRun.instanceId, clock.now()))
    const quantities = usagesOf(journal).map(({ quantity }) => Number(Number(quantity).toFixed(6)))
    expect(quantities).toEqual([1, 1.2, 1.5])
  })

  test('of a share what was used is metered, at least what is guaranteed and at most the limit, window by window', async () => {
    const clock = new VirtualClock(startMs)
    const journal = await Journal.open({ storage: memoryJournalStorage(), clock, log: silentLog, config: agentConfig })
    const used = new Map<string, number>()
    const usedSeconds = (_instanceId: string, deviceId: string): number => used.get(deviceId) ?? 0
    const meter = new Meter(clock, journal, agentConfig, undefined, usedSeconds)
    const share = { requestMilli: 300, limitMilli: 900, memoryBytes: 0 }
    used.set('g', 100)
    meter.begin({
      ...aRun,
      startedAtMs: startMs,
      slices: [
        { deviceId: 'g', deviceModel: 'nvidia-t4', units: 1, share },
        { deviceId: 'h', deviceModel: 'nvidia-t4', units: 1, share: { ...share, requestMilli: 500 } },
      ],
    })
    const windows = [
      { g: 102, h: 0 }, // idle: as requested
      { g: 110, h: 7 },
      { g: 150, h: 8 }, // more than it may
      { g: 0, h: 8 }, // its manager began anew
    ]
    for (const { g, h } of windows) {
      await clock.advance(10_000)
      used.set('g', g).set('h', h)
      meter.tick()
    }
    await clock.advance(1_000)
    used.set('g', 0.6)
    await journal.append(meter.end(aRun.instanceId, clock.now()))
    const quantities = usagesOf(journal).map(({ quantity }) => Number(Number(quantity).toFixed(6)))
    expect(quantities).toEqual([3 + 5, 8 + 7, 9 + 5, 3 + 5, 0.6 + 0.5])
    expect(usagesOf(journal).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((at) => `j-1/lab/worker-0/1/${at}`))
  })
})
