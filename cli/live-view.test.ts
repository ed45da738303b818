import { expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { cut, fit, openLiveView } from './live-view.ts'

test('a view never draws more than fits, and leaves all of it standing at the end', async () => {
  const written: string[] = []
  const output = { raw: (text: string) => void written.push(text), columns: 40, rows: 4 }
  const clock = new VirtualClock()
  const view = openLiveView(output, clock)
  view.show(() => ['one', 'two', 'three', 'four', 'five'].join('\n'))
  expect(written.at(-1)).toContain('one\ntwo\n… 3 more lines')
  expect(written.at(-1)).not.toContain('four')
  await clock.advance(1_000)
  // Moves up over exactly the lines that it drew.
  expect(written.at(-1)?.startsWith('\u001B[3A')).toBe(true)
  view.end()
  expect(written.join('')).toContain('one\ntwo\nthree\nfour\nfive\n')
})

test('lines and their number are cut to the window', () => {
  expect(fit(['a', 'b'], 2)).toEqual(['a', 'b'])
  expect(fit(['a', 'b', 'c'], 2)).toEqual(['a', '… 2 more lines; make the window higher'])
  expect(cut('\u001B[31mabcdef\u001B[39m', 4)).toBe('\u001B[31mabc\u001B[39m…')
})
