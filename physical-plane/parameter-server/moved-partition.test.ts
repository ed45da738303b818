// A partition that goes on elsewhere from the checkpoint that it wrote where it was.
import { expect, test } from 'vitest'
import { memoryCheckpoints } from './checkpoint.ts'
import { aLayout, aPartition, sync } from './partition.fixture.ts'

const layout = aLayout(2)

async function at(moves: number, checkpoints = memoryCheckpoints()) {
  const options = { moves }
  const opened = await aPartition('a', ['a', 'b'], { sync: sync('asgd'), options, links: { checkpoints } })
  return { ...opened, checkpoints }
}

test('counts what it sent on, and tells its new place only of what it sent from there', async () => {
  const first = await at(0)
  first.partition.join({ workerId: 'w', instanceId: 'job/a/worker-0', attempt: 1, layout })
  first.partition.initialise('w', Float32Array.of(1, 2))
  first.partition.exchange.sent('b', 100)
  expect(first.partition.progress()).toMatchObject({ wanBytesSent: { b: 100 }, wanBytesSentHere: { b: 100 } })
  await first.clock.advance(10_000)
  await first.partition.stop()

  const moved = await at(1, first.checkpoints)
  const before = moved.partition.progress().wanBytesSent['b']!
  expect(before).toBeGreaterThanOrEqual(100)
  expect(moved.partition.progress().wanBytesSentHere).toEqual({ b: 0 })
  moved.partition.exchange.sent('b', 7)
  await moved.clock.advance(10_000)
  await moved.partition.stop()

  // After a crash in its new place it goes on counting there.
  const again = await at(1, first.checkpoints)
  const { wanBytesSent, wanBytesSentHere } = again.partition.progress()
  expect(wanBytesSentHere['b']).toBeGreaterThanOrEqual(7)
  expect(wanBytesSent['b']! - wanBytesSentHere['b']!).toBe(before)
})
