import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { seededRandom } from '#runtime/random.ts'
import { CloudApi, type Failure } from './cloud-api.ts'
import type { CloudLimits } from './config.ts'
import { impatientClock } from './http-cloud.fixture.ts'
import { allPages } from './pages.ts'

const signal = new AbortController().signal

function api(classify: (error: unknown) => Failure, limits: Partial<CloudLimits> = {}, slept: number[] = []): CloudApi {
  const all: CloudLimits = {
    requestsPerSecond: 1000,
    requestsAtOnce: 8,
    deadlineMs: 20_000,
    attemptsMax: 6,
    backOffMs: 500,
    backOffMaxMs: 2_000,
    ...limits,
  }
  const clock = impatientClock(systemClock(), slept)
  return new CloudApi({ name: 'Cloud', limits: all, clock, random: seededRandom(1), classify, signInHint: 'sign in' })
}

describe('calls of a cloud', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('are no more a second than it grants', async () => {
    vi.useFakeTimers()
    const calls = api(() => ({ kind: 'refused', code: 'No' }), { requestsPerSecond: 3 })
    let started = 0
    const all = Array.from({ length: 8 }, () => calls.call('X', signal, () => Promise.resolve(++started)))
    await vi.advanceTimersByTimeAsync(1)
    expect(started).toBe(3)
    await vi.advanceTimersByTimeAsync(1000)
    expect(started).toBe(6)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await Promise.all(all)).toHaveLength(8)
  })

  test('are no more at once than agreed', async () => {
    const calls = api(() => ({ kind: 'refused', code: 'No' }), { requestsAtOnce: 2 })
    let now = 0
    let most = 0
    const request = async (): Promise<void> => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      now -= 1
    }
    await Promise.all(Array.from({ length: 10 }, () => calls.call('X', signal, request)))
    expect(most).toBe(2)
  })

  test('are tried again only where that may help, and pauses have an end', async () => {
    const slept: number[] = []
    const kinds: Failure['kind'][] = ['throttled', 'away', 'credentials', 'missing', 'refused']
    const attempts = await Promise.all(
      kinds.map(async (kind) => {
        let count = 0
        const calls = api(() => ({ kind, code: 'Code' }), {}, slept)
        const failed = calls.call('X', signal, () => Promise.reject(new Error(`attempt ${++count}`)))
        await expect(failed).rejects.toBeInstanceOf(CloudlessError)
        return count
      }),
    )
    expect(attempts).toEqual([6, 6, 1, 1, 1])
    expect(slept).toHaveLength(10)
    expect(Math.max(...slept)).toBeLessThanOrEqual(2_000)
  })

  test('tell code and message of the last failure, cut short', async () => {
    const calls = api(() => ({ kind: 'refused', code: 'Denied' }))
    const failed = calls.call('List', signal, () => Promise.reject(new Error(`no\n${'x'.repeat(5_000)}`)))
    await expect(failed).rejects.toThrow(/^Cloud List was refused with Denied: no x{100,300}$/)
  })

  test('keep an error of ours as it is', async () => {
    const own = new CloudlessError('not-found', 'OWN', 'ours')
    const calls = api(() => ({ kind: 'away', code: 'Code' }))
    await expect(calls.call('X', signal, () => Promise.reject(own))).rejects.toBe(own)
  })
})

describe('pages', () => {
  const never = (page: number) => Promise.resolve({ items: [page], next: `page-${page + 1}` })

  test('are read to the last one', async () => {
    const pages = allPages('X', (_, page) => (page === 3 ? Promise.resolve({ items: [3], next: '' }) : never(page)))
    expect(await pages).toEqual([1, 2, 3])
  })

  test('that never end are not believed', async () => {
    await expect(allPages('X', (_, page) => never(page))).rejects.toMatchObject({ reason: 'CLOUD_ANSWER' })
  })
})
