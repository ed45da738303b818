import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionFailed } from './assert.ts'
import { AsyncQueue } from './async-queue.ts'

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
}

describe('AsyncQueue', () => {
  test('values come out in the order in which they went in, however fast either side is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer()),
        fc.integer({ min: 1, max: 5 }),
        fc.scheduler(),
        async (values, limit, s) => {
          const queue = new AsyncQueue<number>({ limit })
          const writing = (async () => {
            for (const value of values) {
              await s.schedule(Promise.resolve())
              await queue.push(value)
              expect(queue.length).toBeLessThanOrEqual(limit)
            }
            queue.end()
          })()
          const reading = (async () => {
            const seen: number[] = []
            for await (const value of queue) {
              seen.push(value)
              await s.schedule(Promise.resolve())
            }
            return seen
          })()
          await s.waitFor(Promise.all([writing, reading]))
          expect(await reading).toEqual(values)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a full queue refuses an offer and makes a push wait', async () => {
    const queue = new AsyncQueue<number>({ limit: 2 })
    expect([queue.offer(1), queue.offer(2), queue.offer(3)]).toEqual([true, true, false])
    let isIn = false
    const pushing = queue.push(3).then(() => (isIn = true))
    await Promise.resolve()
    expect(isIn).toBe(false)
    const reader = queue[Symbol.asyncIterator]()
    expect(await reader.next()).toEqual({ done: false, value: 1 })
    await pushing
    expect(queue.length).toBe(2)
  })

  test('values before the end are still read, values after it are refused', async () => {
    const queue = new AsyncQueue<string>({ limit: 2 })
    await queue.push('a')
    queue.end()
    queue.end()
    expect(queue.offer('b')).toBe(false)
    await expect(queue.push('b')).rejects.toMatchObject({ reason: 'QUEUE_CLOSED' })
    expect(await collect(queue)).toEqual(['a'])
  })

  test('an error comes after the values, once', async () => {
    const queue = new AsyncQueue<string>({ limit: 2 })
    await queue.push('a')
    queue.fail(new Error('broken'))
    const reader = queue[Symbol.asyncIterator]()
    expect(await reader.next()).toEqual({ done: false, value: 'a' })
    await expect(reader.next()).rejects.toThrow('broken')
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('a waiting reader hears of the end and of an error', async () => {
    const ended = new AsyncQueue<string>({ limit: 1 })
    const reading = collect(ended)
    ended.end()
    expect(await reading).toEqual([])
    const failed = new AsyncQueue<string>({ limit: 1 })
    const failing = collect(failed)
    failed.fail(new Error('broken'))
    await expect(failing).rejects.toThrow('broken')
  })

  test('a reader that leaves closes the queue for its writers', async () => {
    const queue = new AsyncQueue<number>({ limit: 1 })
    await queue.push(1)
    const waiting = queue.push(2)
    const refused = waiting
      .then(() => queue.push(3))
      .then(
        () => null,
        (error: unknown) => error,
      )
    for await (const value of queue) {
      expect(value).toBe(1)
      break
    }
    expect(await refused).toMatchObject({ reason: 'QUEUE_CLOSED' })
    expect(queue.isClosed).toBe(true)
  })

  test.each([0, -1, 1.5, Number.NaN])('a limit of %d is refused', (limit) => {
    expect(() => new AsyncQueue({ limit })).toThrow(AssertionFailed)
  })
})
