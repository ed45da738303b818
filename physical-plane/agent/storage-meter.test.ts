import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock, settle } from '#runtime/virtual-clock.ts'
import { agentConfig } from './config.ts'
import { Journal, memoryJournalStorage, type JournalStorage } from './journal.ts'
import { StorageMeter, type Stored } from './storage-meter.ts'

const startMs = Date.UTC(2026, 0, 1)
const aRun = { instanceId: 'j-1/lab/ps', jobId: 'j-1', attempt: 2, startedAtMs: startMs }
const windowMs = agentConfig.storageWindowMs

async function anAgent(storage: JournalStorage, clock: VirtualClock, stored: () => Stored | Error) {
  const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
  const storedOf = (): Promise<Stored> => {
    const found = stored()
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found)
  }
  const meter = new StorageMeter({ clock, log: silentLog, journal, config: agentConfig, storedOf })
  meter.begin(aRun, 'lab')
  return { journal, meter }
}

const usagesOf = (journal: Journal) => journal.after(0, 10_000).map(({ usage }) => usage!)

test('what lies there is counted for the time it lay there, each thing for itself', async () => {
  const clock = new VirtualClock(startMs)
  let stored: Stored | Error = { checkpoint: 100, data: 0 }
  const { journal, meter } = await anAgent(memoryJournalStorage(), clock, () => stored)
  const window = async (): Promise<void> => {
    await clock.advance(windowMs)
    meter.tick()
    await settle()
  }
  await window()
  stored = { checkpoint: 200, data: 7 }
  await window()
  // What can not be looked at is taken to be as it was.
  stored = new Error('no such folder')
  await window()
  await clock.advance(2_000)
  await journal.append(meter.end(aRun.instanceId, clock.now()))
  const seconds = windowMs / 1_000
  expect(usagesOf(journal).map(({ id, purpose, quantity }) => [id, purpose, quantity])).toEqual([
    ['j-1/lab/ps/2/stored/checkpoint/0', 'checkpoint', 100 * seconds],
    ['j-1/lab/ps/2/stored/checkpoint/1', 'checkpoint', 200 * seconds],
    ['j-1/lab/ps/2/stored/data/2', 'data', 7 * seconds],
    ['j-1/lab/ps/2/stored/checkpoint/3', 'checkpoint', 200 * seconds],
    ['j-1/lab/ps/2/stored/data/4', 'data', 7 * seconds],
    ['j-1/lab/ps/2/stored/checkpoint/5', 'checkpoint', 400],
    ['j-1/lab/ps/2/stored/data/6', 'data', 14],
  ])
  expect(journal.marks.size).toBe(0)
})

test('whatever crashes when, windows of each thing are disjoint and sum up to the lifetime', async () => {
  const step = fc.record({ waitMs: fc.integer({ min: 1, max: 3 * windowMs }), isCrash: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
      const clock = new VirtualClock(startMs)
      const storage = memoryJournalStorage()
      const stored = (): Stored => ({ checkpoint: 3, data: 0 })
      let agent = await anAgent(storage, clock, stored)
      for (const { waitMs, isCrash } of steps) {
        await clock.advance(waitMs)
        agent.meter.tick()
        if (isCrash) {
          agent.journal.close()
          agent = await anAgent(storage, clock, stored)
        }
        await settle()
      }
      await clock.advance(windowMs)
      agent.meter.tick()
      await settle()
      await agent.journal.append(agent.meter.end(aRun.instanceId, clock.now()))
      const usages = usagesOf(agent.journal)
      expect(new Set(usages.map(({ id }) => id)).size).toBe(usages.length)
      let untilMs = startMs
      for (const { fromMs, toMs, quantity } of usages) {
        expect(fromMs).toBe(untilMs)
        expect(quantity).toBe((3 * (Number(toMs) - Number(fromMs))) / 1_000)
        untilMs = Number(toMs)
      }
      expect(untilMs).toBe(clock.now())
    }),
    { numRuns: 40 },
  )
})
