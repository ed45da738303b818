import pc from 'picocolors'
import { expect, test } from 'vitest'
import { cut } from './live-view.ts'
import { renderTable } from './table.ts'

const plain = pc.createColors(false)
const columns = [{ head: 'name' }, { head: 'bytes', align: 'right' as const }]

test('columns line up, numbers to the right, no borders, no spaces at the end', () => {
  const rows = [
    ['a', '5'],
    ['a long name', '12'],
  ]
  expect(renderTable(columns, rows, plain)).toBe('NAME         BYTES\na                5\na long name     12')
})

test('text from elsewhere cannot break the table or drive the terminal', () => {
  const text = renderTable(columns, [['two\nlines\u001B[2J\u0007', '1']], plain)
  expect(text.split('\n')).toHaveLength(2)
  expect(text).toContain('two lines')
  expect(text).not.toContain('\u001B')
  expect(text).not.toContain('\u0007')
})

test('a line is cut by what is visible, and colours are closed', () => {
  const green = pc.createColors(true).green('abcdefgh')
  expect(cut(green, 5)).toBe('\u001B[32mabcd\u001B[39m…')
  expect(cut('abc', 5)).toBe('abc')
})
