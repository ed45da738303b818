import { expect, test } from 'vitest'
import { sharingConfig } from './config.ts'
import { noTimetable, timetableOf, turnsFrom } from './timetable.ts'
import type { TokenClient } from './token-scheduler.ts'

const config = sharingConfig.window
const ms = 1e6

function client(id: string, requestMilli: number, smMilli: number): TokenClient {
  return { id, requestMilli, limitMilli: 1000, smMilli }
}

const half = [client('a', 600, 500), client('b', 600, 500), client('c', 400, 1000), client('filler', 0, 500)]

test('shares that go side by side have their turns, each window the same; who has no request has none', () => {
  const timetable = timetableOf(noTimetable, half, config)
  const [a, b, c] = ['a', 'b', 'c'].map((id) => timetable.turns.get(id)!)
  expect([a, b, c].map((turn) => turn!.lengthNs / ms)).toEqual([24, 24, 16])
  expect(a).toEqual(b)
  expect(c!.fromNs === 0 ? a!.fromNs : c!.fromNs).toBe((c!.fromNs === 0 ? 16 : 24) * ms)
  expect(timetable.turns.has('filler')).toBe(false)
  const first = turnsFrom(timetable, [half[2]!], 0, config)[0]!
  expect(turnsFrom(timetable, [half[2]!], 400 * ms, config)[0]!.startNs).toBe(first.startNs + 400 * ms)
})

test('only turns of those that want to launch count, and not of those that come first', () => {
  const timetable = timetableOf(noTimetable, half, config)
  expect(turnsFrom(timetable, [], 0, config)).toEqual([])
  expect(turnsFrom(timetable, [{ ...half[0]!, comesFirst: true }], 0, config)).toEqual([])
})

test('it stays while shares do, in whatever order they come; what does not go side by side has none', () => {
  const timetable = timetableOf(noTimetable, half, config)
  expect(timetableOf(timetable, half.toReversed(), config)).toBe(timetable)
  const more = timetableOf(timetable, [...half, client('d', 100, 100)], config)
  expect(more).not.toBe(timetable)
  expect(more.turns.size).toBe(0)
})
