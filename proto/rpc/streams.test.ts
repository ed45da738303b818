import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { settle } from '#runtime/virtual-clock.ts'
import { writesInFlightMax } from './config.ts'
import { abortable, from, untilAborted, writeAll } from './streams.ts'

const never = new AbortController().signal
const encode = (value: number): Buffer => Buffer.from([value])

describe('abortable', () => {
  test('gives the result, the error or the reason of the abort, whichever comes first', async () => {
    expect(await abortable(Promise.resolve(1), never)).toBe(1)
    await expect(abortable(Promise.reject(new Error('bad')), never)).rejects.toThrow('bad')
    const abort = new AbortController()
    const waiting = abortable(new Promise(() => {}), abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(abortable(new Promise(() => {}), abort.signal)).rejects.toThrow('enough')
  })

  test('a late failure after the abort is nobody else’s business', async () => {
    const abort = new AbortController()
    const late = Promise.withResolvers<void>()
    const waiting = abortable(late.promise, abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    late.reject(new Error('late'))
    // An unhandled rejection would fail the test run.
    await settle()
  })
})

describe('untilAborted', () => {
  test('an abort ends a loop whose source hangs, and closes the source', async () => {
    const abort = new AbortController()
    let isClosed = false
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          isClosed = true
          return new Promise(() => {})
        },
      }),
    }
    const reading = (async () => {
      for await (const value of untilAborted(source, abort.signal)) return value
      return null
    })()
    abort.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    expect(isClosed).toBe(true)
  })
})

describe('writeAll', () => {
  test('never encodes more than the limit ahead of the network', async () => {
    const taken: (() => void)[] = []
    const stream = new Writable({
      objectMode: true,
      write: (_bytes, _encoding, done) => void taken.push(done),
    })
    let encoded = 0
    const counting = (value: number): Buffer => {
      encoded += 1
      return encode(value)
    }
    const writing = writeAll(from(Array.from({ length: 50 }, (_, i) => i)), stream, counting, never)
    for (let written = 0; written < 50; written++) {
      await settle()
      expect(encoded).toBe(Math.min(50, written + writesInFlightMax))
      taken.shift()!()
    }
    await writing
  })

  test('an abort ends the wait for a network that takes nothing', async () => {
    const abort = new AbortController()
    const stream = new Writable({ objectMode: true, write: () => {} })
    const writing = writeAll(from([1, 2, 3, 4, 5, 6]), stream, encode, abort.signal)
    await settle()
    abort.abort(new Error('enough'))
    await expect(writing).rejects.toThrow('enough')
  })

  test('an error of the source or of the encoding is passed on', async () => {
    const stream = new Writable({ objectMode: true, write: (_bytes, _encoding, done) => done() })
    const broken = (): never => {
      throw new Error('cannot encode')
    }
    await expect(writeAll(from([1]), stream, broken, never)).rejects.toThrow('cannot encode')
  })
})
