// `node regions/import/main.ts FROM OUT` makes a catalogue's price and link files from those that others publish, so that the
// next version is one command. FROM holds the publishers' tables as CSV (their names are in import-catalogue.ts), OUT is
// the catalogue's folder, whose hand-written files (*-assumed.csv, catalogue.yaml) stay as they are.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { importCatalogue, tables, type Tables } from './import-catalogue.ts'
import type { Records } from './rows.ts'

function read(path: string): Records {
  return parse(readFileSync(path, 'utf8'), { columns: true }) as Records
}

const [source, target] = process.argv.slice(2)
if (source === undefined || target === undefined) {
  console.error('usage: node regions/import/main.ts FROM OUT')
  process.exitCode = 2
} else {
  const given = Object.entries(tables).map(([name, path]) => [name, read(join(source, path))])
  const byHand = join(target, 'links-assumed.csv')
  const pairs = existsSync(byHand) ? read(byHand).map((row) => `${row['from']} ${row['to']}`) : []
  const files = importCatalogue(Object.fromEntries(given) as Tables, new Set(pairs))
  for (const [name, content] of files) writeFileSync(join(target, name), content)
}
