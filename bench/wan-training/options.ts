// The command line of `npm run bench -- wan-training`.
import { parseArgs } from 'node:util'
import { invalid } from '#runtime/errors.ts'
import { rows, type Row } from './rows.ts'
import { seeds, worlds, type World } from './settings.ts'

export type Options = {
  readonly worlds: readonly World[]
  readonly rows: readonly Row[]
  readonly seeds: readonly number[]
  /** Runs every row's grid with the first seed in the first world instead. */
  readonly isTuning: boolean
  /** Forgets earlier results of these settings. */
  readonly isFresh: boolean
}

/** Two regions and one seed of the rows that the keys need. */
const quickRows = ['ideal', 'asgd', 'asgd-ga', 'auto']

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      tune: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      rows: { type: 'string' },
      seeds: { type: 'string' },
      regions: { type: 'string' },
    },
  })
  const rowNames = list(values.rows) ?? (values.quick ? quickRows : rows.map(({ name }) => name))
  const worldNames = list(values.regions) ?? (values.quick ? ['two'] : worlds.map(({ name }) => name))
  const seedTexts = list(values.seeds) ?? (values.quick ? seeds.slice(0, 1) : seeds).map(String)
  return {
    rows: chosen('--rows', rowNames, rows),
    worlds: chosen('--regions', worldNames, worlds),
    seeds: seedTexts.map(seedOf),
    isTuning: values.tune,
    isFresh: values.fresh,
  }
}

function list(text: string | undefined): readonly string[] | null {
  return text === undefined ? null : text.split(',').map((part) => part.trim())
}

function chosen<T extends { readonly name: string }>(field: string, names: readonly string[], all: readonly T[]): T[] {
  const known = all.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw invalid([{ field, description: `"${unknown.join(', ')}" is not there; choose from ${known.join(',')}` }])
  }
  return all.filter(({ name }) => names.includes(name))
}

function seedOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw invalid([{ field: '--seeds', description: `"${text}" is not a whole number; write for example 1,2,3` }])
}
