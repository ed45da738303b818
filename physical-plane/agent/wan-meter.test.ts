import { describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock, settle } from '#runtime/virtual-clock.ts'
import { agentConfig } from './config.ts'
import { Journal, memoryJournalStorage, type JournalStorage } from './journal.ts'
import { WanMeter, type Sent } from './wan-meter.ts'

const startMs = Date.UTC(2026, 0, 1)

async function anAgent(
  storage: JournalStorage,
  clock: VirtualClock,
  placeOf?: (jobId: string, receiver: string) => string,
): Promise<{ journal: Journal; meter: WanMeter }> {
  const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
  return { journal, meter: new WanMeter(clock, journal, placeOf === undefined ? {} : { placeOf }) }
}

const usagesOf = (journal: Journal) => journal.after(0, 100_000).map(({ usage }) => usage!)

const server = 'j-1/lab/parameter-server'
const sent = (totals: Readonly<Record<string, number>>): Sent => ({ jobId: 'j-1', attempt: 1, purpose: 'sync', totals })

describe('WAN bytes', () => {
  test('totals become differences by region, over crashes and attempts', async () => {
    const clock = new VirtualClock(startMs)
    const storage = memoryJournalStorage()
    const first = await anAgent(storage, clock)
    first.meter.report(server, sent({ 'b/one': 100, 'a/two': 7, 'c/none': 0 }))
    first.meter.tick()
    await settle()
    first.meter.report(server, sent({ 'b/one': 150, 'a/two': 7 }))
    first.journal.close()
    const second = await anAgent(storage, clock)
    await clock.advance(3_000)
    second.meter.report(server, sent({ 'b/one': 170, 'a/two': 7 }))
    await second.journal.append(second.meter.entry(server))
    expect(usagesOf(second.journal)).toMatchObject([
      { id: `${server}/wan/a/two/0`, kind: 'USAGE_KIND_WAN_BYTES', subject: 'a/two', quantity: 7 },
      { id: `${server}/wan/b/one/0`, subject: 'b/one', quantity: 100 },
      { id: `${server}/wan/b/one/1`, subject: 'b/one', quantity: 70, fromMs: startMs, toMs: startMs + 3_000 },
    ])
  })

  test('a server that went back to an older checkpoint is not paid twice', async () => {
    const { journal, meter } = await anAgent(memoryJournalStorage(), new VirtualClock(startMs))
    for (const bytes of [100, 60, 90, 130]) {
      meter.report(server, sent({ a: bytes }))
      meter.tick()
      await settle()
    }
    expect(usagesOf(journal).map(({ quantity }) => quantity)).toEqual([100, 30])
  })

  test('a forgotten instance leaves no mark', async () => {
    const { journal, meter } = await anAgent(memoryJournalStorage(), new VirtualClock(startMs))
    meter.report(server, sent({ a: 1 }))
    meter.tick()
    await settle()
    await journal.append(meter.forget(server))
    expect(journal.marks.size).toBe(0)
  })

  test('what was fetched is of the region that it left, and came here', async () => {
    const journal = await Journal.open({
      storage: memoryJournalStorage(),
      clock: new VirtualClock(startMs),
      log: silentLog,
      config: agentConfig,
    })
    const meter = new WanMeter(new VirtualClock(startMs), journal, { word: 'fetched', fetcher: 'here' })
    meter.report(server, { ...sent({ 'aws/us-east-1': 40 }), purpose: 'data' })
    await journal.append(meter.entry(server))
    expect(usagesOf(journal)).toMatchObject([
      { id: `${server}/fetched/aws/us-east-1/0`, fromRegion: 'aws/us-east-1', subject: 'here', quantity: 40 },
    ])
  })

  test('bytes are of where their receiver was when they were sent', async () => {
    let place = 'b'
    const { journal, meter } = await anAgent(memoryJournalStorage(), new VirtualClock(startMs), (jobId, name) =>
      jobId === 'j-1' && name === 'b' ? place : name,
    )
    meter.report(server, sent({ b: 40 }))
    // The partition of b is about to be moved.
    meter.settle()
    place = 'c'
    meter.report(server, sent({ b: 100, d: 5 }))
    await journal.append(meter.entry(server))
    expect(usagesOf(journal).map(({ id, subject, quantity, purpose }) => [id, subject, quantity, purpose])).toEqual([
      [`${server}/wan/b/0`, 'b', 40, 'sync'],
      [`${server}/wan/b/1`, 'c', 60, 'sync'],
      [`${server}/wan/d/0`, 'd', 5, 'sync'],
    ])
  })
})
