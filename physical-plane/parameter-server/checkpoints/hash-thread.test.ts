import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { hashBlockBytes } from './config.ts'
import { HashThread } from './hash-thread.ts'

test('hashes of small, large and shared vectors are those of node:crypto, asked for at once', async () => {
  const thread = new HashThread()
  const elements = [0, 3, 70_000, hashBlockBytes / 4, hashBlockBytes / 2 + 17]
  const plain = elements.map((length) => new Float32Array(length).map((_, i) => Math.sin(i + length)))
  const shared = plain.map((values) => {
    const copy = new Float32Array(new SharedArrayBuffer(values.byteLength + 64), 64, values.length)
    copy.set(values)
    return copy
  })
  const expected = plain.map((values) => createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'))
  const found = await Promise.all([...plain, ...shared].map((values) => thread.sha256(values)))
  expect(found).toEqual([...expected, ...expected])
  await thread.stop()
  // One more starts the thread again.
  expect(await thread.sha256(plain[4]!)).toBe(expected[4])
  await thread.stop()
})
