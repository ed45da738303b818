import { expect, test } from 'vitest'
import { Roster } from './roster.ts'

test('a worker is as quick as it is between its steps, without what it waits for', () => {
  const roster = new Roster(false)
  const [quick, slow, idle] = ['quick', 'slow', 'idle'].map((name) => roster.add(`w-${name}`, name))
  roster.stepped(quick!, 10, 0)
  roster.stepped(slow!, 10, 0)
  roster.stepped(idle!, 10, 0)
  for (let n = 1; n <= 50; n++) {
    roster.stepped(quick!, 10, n * 1000 - 900)
    // Then it waits for the other one, or for other regions.
    roster.pause(quick!, n * 1000 - 900)
    roster.resume(quick!, n * 1000)
    roster.stepped(slow!, 10, n * 1000)
  }
  const speeds = roster.speeds()
  expect(Object.keys(speeds)).toEqual(['quick', 'slow'])
  expect(speeds['quick']).toBeCloseTo(100)
  expect(speeds['slow']).toBeCloseTo(10)
})
