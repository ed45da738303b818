import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryLogs, openLogs, type Logs } from './logs.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudless-logs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const id = 'j-1/onprem-lab/worker-0'
const chunk = (offset: number, text: string) => ({ instanceId: id, offset, data: Buffer.from(text) })
const textOf = async (logs: Logs): Promise<string> => Buffer.from(await logs.read(id, 0)).toString()

const variants: readonly (readonly [string, () => Logs])[] = [
  ['files', () => openLogs(folder, { bytesMaxPerInstance: 10 })],
  ['memory', () => memoryLogs({ bytesMaxPerInstance: 10 })],
]

describe.each(variants)('logs in %s', (_name, make) => {
  test('a repeated chunk is ignored and an overlapping one trimmed', async () => {
    const logs = make()
    expect(await logs.append(chunk(0, 'abc'))).toBe(3)
    expect(await logs.append(chunk(0, 'abc'))).toBe(3)
    expect(await logs.append(chunk(1, 'bcde'))).toBe(5)
    expect(await textOf(logs)).toBe('abcde')
  })

  test('a gap is refused by answering with what is held', async () => {
    const logs = make()
    await logs.append(chunk(0, 'abc'))
    expect(await logs.append(chunk(5, 'f'))).toBe(3)
    expect(await textOf(logs)).toBe('abc')
  })

  test('beyond the limit bytes are taken and dropped', async () => {
    const logs = make()
    expect(await logs.append(chunk(0, '0123456789abc'))).toBe(13)
    expect(await logs.append(chunk(13, 'def'))).toBe(16)
    expect(await textOf(logs)).toBe('0123456789')
  })

  test('appends that overtake each other are kept in order', async () => {
    const logs = make()
    const seen: string[] = []
    const stop = logs.onAppend((instanceId) => seen.push(instanceId))
    await Promise.all([logs.append(chunk(0, 'ab')), logs.append(chunk(2, 'cd')), logs.append(chunk(4, 'ef'))])
    stop()
    expect(await textOf(logs)).toBe('abcdef')
    expect(seen).toEqual([id, id, id])
  })

  test('what was moved has its place in its id', async () => {
    const logs = make()
    const moved = 'j-1/aws/us-east-1@aws/us-west-2.1/worker-0'
    await logs.append({ ...chunk(0, 'a'), instanceId: moved })
    expect(await logs.length(moved)).toBe(1)
  })

  test.each(['../../etc/passwd', '/etc/passwd', 'a//b', 'a/../b', '', 'a\0b'])('%j is no instance id', (instanceId) => {
    const logs = make()
    expect(() => logs.append({ ...chunk(0, 'a'), instanceId })).toThrow('is not an instance id')
    expect(() => logs.read(instanceId, 0)).toThrow('is not an instance id')
  })
})

test('any order of repeated chunks makes a prefix of the log', async () => {
  const full = 'the quick brown fox jumps over the lazy dog'
  const pieces = fc.array(fc.tuple(fc.nat(full.length), fc.nat(12)), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const logs = memoryLogs()
      for (const [start, length] of chunks) await logs.append(chunk(start, full.slice(start, start + length)))
      expect(full.startsWith(await textOf(logs))).toBe(true)
    }),
  )
})
