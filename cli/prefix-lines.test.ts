import { expect, test } from 'vitest'
import { prefixLines } from './prefix-lines.ts'

const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1')
const bytes = (data: string): Uint8Array => Buffer.from(data, 'latin1')

test('interleaved halves of lines find their own other half', () => {
  const prefix = prefixLines((source) => `${source}|`)
  expect(text(prefix.add('a', bytes('on')))).toBe('')
  expect(text(prefix.add('b', bytes('two\nth')))).toBe('b|two\n')
  expect(text(prefix.add('a', bytes('e\n\n')))).toBe('a|one\na|\n')
  expect(text(prefix.end())).toBe('b|th\n')
  expect(text(prefix.end())).toBe('')
})

test('binary bytes pass through, and a line without end does not fill the memory', () => {
  const prefix = prefixLines(() => '>')
  expect(text(prefix.add('a', bytes('\xff\x00\n')))).toBe('>\xff\x00\n')
  expect(prefix.add('a', Buffer.alloc(200_000, 120)).length).toBeGreaterThan(190_000)
})
