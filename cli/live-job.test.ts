import pc from 'picocolors'
import { expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { openLiveJob } from './live-job.ts'
import { aJob } from './report/a-history.fixture.ts'

const escape = '\u001B'

/** What stands on a terminal after such writes, as far as a view uses it: up, clear downwards, text. */
function screenOf(written: readonly string[]): readonly string[] {
  const lines: string[] = ['']
  let row = 0
  for (const text of written) {
    for (const part of text.split(new RegExp(`(${escape}\\[[0-9?]*[A-Za-z]|\n|\r)`))) {
      const up = new RegExp(`^${escape}\\[(\\d+)A$`).exec(part)
      if (up !== null) row -= Number(up[1])
      else if (part === `${escape}[J`) lines.splice(row, Infinity, '')
      else if (part === '\n') lines[++row] ??= ''
      else if (!part.startsWith(escape) && part !== '\r') lines[row] += part
    }
  }
  return lines
}

test('a control plane that is away is told inside the view, with the age of what is shown, until it is back', async () => {
  const written: string[] = []
  const output = {
    raw: (text: string) => void written.push(text),
    columns: 120,
    rows: 60,
    style: pc.createColors(false),
  }
  const clock = new VirtualClock(Date.UTC(2026, 10, 3, 8, 3, 11))
  const view = openLiveJob(output, clock)
  const titles = (): readonly string[] => screenOf(written).filter((line) => line.includes('j-4k2m9x7p'))
  view.show(aJob())
  const before = screenOf(written)
  expect(titles()).toHaveLength(1)
  view.setAway(true)
  await clock.advance(12_000)
  expect(screenOf(written)[0]).toBe('control plane away for 12 s; figures are from 08:03:11Z')
  // The job stands below it, once, whole.
  expect(screenOf(written).slice(1)).toEqual(before)
  view.setAway(false)
  expect(screenOf(written)).toEqual(before)
  view.setAway(true)
  view.end()
  expect(titles()).toHaveLength(1)
  expect(screenOf(written)[0]).toContain('control plane away')
})

test('before the first word of a job there is only that', async () => {
  const written: string[] = []
  const output = {
    raw: (text: string) => void written.push(text),
    columns: 80,
    rows: 20,
    style: pc.createColors(false),
  }
  const clock = new VirtualClock()
  const view = openLiveJob(output, clock)
  view.setAway(true)
  await clock.advance(3_000)
  expect(screenOf(written)).toEqual(['control plane away for 3.0 s; waiting for it', ''])
  view.end()
})
