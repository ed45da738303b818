import { describe, expect, test } from 'vitest'
import { parseOptions } from './options.ts'
import { rows } from './rows.ts'
import { seeds, worlds } from './settings.ts'

describe('the options of wan-training', () => {
  test('are everything by default, and the rows of the keys with --quick', () => {
    expect(parseOptions([])).toEqual({ worlds, rows, seeds, isTuning: false, isFresh: false })
    const quick = parseOptions(['--quick'])
    expect(quick.rows.map(({ name }) => name)).toEqual(['ideal', 'asgd', 'asgd-ga', 'auto'])
    expect([quick.worlds.length, quick.seeds.length]).toEqual([1, 1])
  })

  test('choose, in the order of the table', () => {
    const chosen = parseOptions(['--rows', 'auto, asgd', '--regions', 'three', '--seeds', '4,5', '--tune', '--fresh'])
    expect(chosen.rows.map(({ name }) => name)).toEqual(['asgd', 'auto'])
    expect(chosen).toMatchObject({ worlds: [{ name: 'three' }], seeds: [4, 5], isTuning: true, isFresh: true })
  })

  test('that are wrong are refused by name', () => {
    expect(() => parseOptions(['--rows', 'asdg'])).toThrow('"asdg" is not there; choose from single,ideal')
    expect(() => parseOptions(['--regions', '2'])).toThrow('choose from two,three')
    expect(() => parseOptions(['--seeds', '1,x'])).toThrow('"x" is not a whole number')
    expect(() => parseOptions(['--sedes', '1'])).toThrow('--sedes')
  })
})
