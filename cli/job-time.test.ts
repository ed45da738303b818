import { expect, test } from 'vitest'
import { idleMsUntil, withoutIdle } from './job-time.ts'

// Cancelled before it was placed at 100, then twice while it ran.
const job = {
  createdAtMs: 10,
  startedAtMs: 100,
  idle: [
    { fromMs: 20, untilMs: 60 },
    { fromMs: 200, untilMs: 300 },
    { fromMs: 400, untilMs: 450 },
  ],
}

test('time that a job stood still is left out, up to the moment that is asked for', () => {
  expect([100, 200, 250, 300, 350, 500].map((atMs) => withoutIdle(job, atMs))).toEqual([100, 200, 200, 200, 250, 350])
})

test('what was before the start is no part of it', () => {
  expect(idleMsUntil(job, 1_000)).toBe(150)
  expect(withoutIdle(job, 90)).toBe(90)
})

test('a job that was never placed counts from when it was made', () => {
  expect(idleMsUntil({ ...job, startedAtMs: 0 }, 1_000)).toBe(190)
})
