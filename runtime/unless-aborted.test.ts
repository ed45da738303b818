import { expect, test } from 'vitest'
import { unlessAborted } from './unless-aborted.ts'

const reason = new Error('enough')

test('the result comes through, and so does a failure', async () => {
  const { signal } = new AbortController()
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7)
  await expect(unlessAborted(Promise.reject(reason), signal)).rejects.toBe(reason)
})

test('an aborted signal ends the waiting with its reason, before and while', async () => {
  const never = new Promise<void>(() => {})
  await expect(unlessAborted(never, AbortSignal.abort(reason))).rejects.toBe(reason)
  const life = new AbortController()
  const waiting = unlessAborted(never, life.signal)
  life.abort(reason)
  await expect(waiting).rejects.toBe(reason)
})
