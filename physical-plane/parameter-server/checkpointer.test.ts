import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { memoryCheckpoints, type CheckpointStore } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { checkpointRetryMs } from './config.ts'

type Story = { readonly durable: number[]; readonly released: number[]; readonly taken: string[] }

function aCheckpointer(store: CheckpointStore) {
  const clock = new VirtualClock()
  const story: Story = { durable: [], released: [], taken: [] }
  let step = 0
  const checkpointer = new Checkpointer<number>({
    store,
    clock,
    log: silentLog,
    take: async () => {
      const mark = step
      // Copies that a kernel thread makes take a while; the state at the call is what counts.
      await clock.sleep(1)
      const release = () => void story.released.push(mark)
      return { snapshot: { state: { step: mark }, vectors: {} }, mark, release }
    },
    onDurable: (mark) => story.durable.push(mark),
    onTaken: (error) => story.taken.push(error.reason),
  })
  const at = (next: number, withinMs: number) => {
    step = next
    checkpointer.request(withinMs)
  }
  return { clock, checkpointer, story, at }
}

describe('a checkpointer', () => {
  test('one request within the time of another is one checkpoint, of the newest state', async () => {
    const { clock, story, at } = aCheckpointer(memoryCheckpoints())
    at(1, 5000)
    at(2, 100)
    at(3, 5000)
    await clock.advance(10_000)
    expect(story).toEqual({ durable: [3], released: [3], taken: [] })
  })

  test('a failed write is released, and tried again with the state of then', async () => {
    const store = memoryCheckpoints()
    let failures = 2
    const flaky: CheckpointStore = {
      load: () => store.load(),
      save: (snapshot) => (failures-- > 0 ? Promise.reject(new Error('ENOSPC')) : store.save(snapshot)),
    }
    const { clock, story, at } = aCheckpointer(flaky)
    at(1, 0)
    await clock.advance(checkpointRetryMs - 100)
    at(2, 60_000)
    await clock.advance(3 * checkpointRetryMs)
    expect(story).toEqual({ durable: [2], released: [1, 2, 2], taken: [] })
  })

  test('a last checkpoint follows the one in flight', async () => {
    const store = memoryCheckpoints()
    const { clock, checkpointer, story, at } = aCheckpointer(store)
    at(1, 0)
    await clock.advance(0)
    at(2, 5000)
    const stopping = checkpointer.stop(true)
    await clock.advance(10)
    await stopping
    expect(story.durable).toEqual([1, 2])
    expect((await store.load())?.state).toEqual({ step: 2 })
  })

  test('whose place was taken writes nothing any more and says so once', async () => {
    const taken = new CloudlessError('conflict', 'CHECKPOINT_TAKEN', 'another process')
    const { clock, checkpointer, story, at } = aCheckpointer({
      load: () => Promise.resolve(null),
      save: () => Promise.reject(taken),
    })
    at(1, 0)
    await clock.advance(60_000)
    at(2, 0)
    await clock.advance(60_000)
    await checkpointer.stop(false)
    expect(story).toEqual({ durable: [], released: [1], taken: ['CHECKPOINT_TAKEN'] })
  })
})
