// kill -9 at any moment of writing checkpoints: what was said to be durable is there, whole, and nothing piles up.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog, type Log } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { checkpointsIn, snapshotOf } from './checkpoint-writer.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ckpt-kill-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Lets a writer live until it has said two things and a while longer; answers with the last that it said was durable. */
async function killedWriter(seed: number, extraMs: number): Promise<number> {
  const script = join(import.meta.dirname, 'checkpoint-writer.ts')
  const writer = spawn(process.execPath, [script, folder, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  const { promise: spoke, resolve } = Promise.withResolvers<void>()
  writer.stdout.on('data', (data: Buffer) => {
    said += data.toString()
    if (said.split('\n').length > 2) resolve()
  })
  const closed = new Promise((end) => writer.once('close', end))
  await Promise.race([spoke, closed])
  await systemClock().sleep(extraMs)
  writer.kill('SIGKILL')
  await closed
  const numbers = [...said.matchAll(/^(?:began|durable) (\d+)$/gm)].map(([, number]) => Number(number))
  expect(numbers.length).toBeGreaterThan(1)
  return numbers.at(-1)!
}

test('after each of many kills the newest checkpoint is whole, and not older than what was said', async () => {
  const random = seededRandom(11)
  const damage: unknown[] = []
  const log: Log = { ...silentLog, error: (fields) => damage.push(fields) }
  let last = 0
  for (let round = 1; round <= 12; round++) {
    const durable = await killedWriter(round, random.integer(40))
    expect(durable).toBeGreaterThan(last)
    const { store, stop } = checkpointsIn(folder, 1_000 + round, log)
    const loaded = await store.load()
    // Not the one before: a kill damages nothing.
    expect(damage).toEqual([])
    await stop()
    const { step } = loaded!.state as { readonly step: number }
    // The one in flight may have made it, though nobody was told.
    expect(step - durable).toBeGreaterThanOrEqual(0)
    expect(step - durable).toBeLessThanOrEqual(1)
    expect(loaded).toEqual(snapshotOf(step))
    last = durable
  }
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  // Two manifests with four vectors at most, and what the last kill left.
  expect(files.length).toBeLessThanOrEqual(2 + 8 + 5)
})
