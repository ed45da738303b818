import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog, type Log } from '#runtime/log.ts'
import { openCheckpointFolder } from './checkpoint.ts'

let folder = ''
const errors: unknown[] = []
const log: Log = { ...silentLog, error: (fields) => errors.push(fields) }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ckpt-'))
  errors.length = 0
})
afterEach(() => rm(folder, { recursive: true }))

const snapshot = (step: number) => ({
  state: { step, text: 'Zürich', lease: [1, 2] },
  vectors: {
    values: Float32Array.of(step, -0, 1e-40),
    'outbox/1': Float32Array.of(),
    late: new Float32Array(3).fill(step),
  },
})

describe('a checkpoint folder', () => {
  test('gives back the newest snapshot bit for bit, and null before the first', async () => {
    const store = openCheckpointFolder(folder, log)
    expect(await store.load()).toBeNull()
    for (const step of [1, 2, 3]) await store.save(snapshot(step))
    const loaded = await openCheckpointFolder(folder, log).load()
    expect(loaded).toEqual(snapshot(3))
    expect(Object.is(loaded?.vectors['values']?.[1], -0)).toBe(true)
    expect(errors).toEqual([])
  })

  test('what was half written when the process died is ignored', async () => {
    const store = openCheckpointFolder(folder, log)
    await store.save(snapshot(1))
    await writeFile(join(folder, 'checkpoint.next.bin'), 'CLCKPT01 half')
    expect((await store.load())?.state).toMatchObject({ step: 1 })
  })

  test.each(['a flipped bit', 'a cut tail', 'an empty file'])(
    '%s: the one before is used, and it is said',
    async (damage) => {
      const store = openCheckpointFolder(folder, log)
      await store.save(snapshot(1))
      await store.save(snapshot(2))
      const path = join(folder, 'checkpoint.bin')
      const bytes = await readFile(path)
      if (damage === 'a flipped bit') {
        bytes[60] = bytes[60]! ^ 4
        await writeFile(path, bytes)
      } else await truncate(path, damage === 'a cut tail' ? bytes.length - 5 : 0)
      expect((await store.load())?.state).toMatchObject({ step: 1 })
      expect(errors).toHaveLength(1)
      expect(JSON.stringify(errors)).toContain('checkpoint.bin')
    },
  )

  test('when both are damaged it refuses instead of starting anew', async () => {
    const store = openCheckpointFolder(folder, log)
    await store.save(snapshot(1))
    await writeFile(join(folder, 'checkpoint.bin'), 'nonsense')
    await expect(store.load()).rejects.toMatchObject({ reason: 'CHECKPOINT_DAMAGED' })
  })
})
