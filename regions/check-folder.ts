// What the rows of a catalogue folder must say of each other and of the layers below: sources, regions, device models and
// currencies exist, and nothing is there twice that could not be told apart.
import type { Names } from './below.ts'
import type { FolderFile } from './folder-schema.ts'
import type { PricedRow } from './mend-prices.ts'
import type { FolderFault, FolderRows } from './read-folder.ts'

export type MendedRows = Omit<FolderRows, 'prices'> & { readonly prices: readonly PricedRow[] }

export function checkFolder(file: FolderFile, rows: MendedRows, names: Names, faults: FolderFault[]): void {
  const sources = new Set(file.sources.map(({ id }) => id))
  const { regions, deviceModels: models } = names
  const check = (at: string, field: string, isKnown: boolean, value: string, fix: string): void => {
    if (!isKnown) faults.push({ field: `${at} ${field}`, description: `"${value}" does not exist; ${fix}` })
  }
  const all = [...rows.devices, ...rows.machines, ...rows.regions, ...rows.prices, ...rows.links, ...rows.egress]
  for (const { row, at } of all) {
    for (const source of row.source.split('+')) {
      check(at, 'source', sources.has(source), source, 'describe it under sources in catalogue.yaml')
    }
  }
  for (const { row, at } of rows.regions) {
    if (!row.name.startsWith(`${row.provider}/`)) {
      const description = `is ${row.provider}, but the name is ${row.name}; make them agree`
      faults.push({ field: `${at} provider`, description })
    }
  }
  for (const { row, at } of rows.machines)
    check(at, 'device_model', models.has(row.device_model), row.device_model, 'add it to devices.csv')
  unique(rows.machines, (row) => `${row.provider} ${row.instance_type}`, 'instance_type', faults)
  for (const { row, at } of rows.prices) {
    check(at, 'region', regions.has(row.region), row.region, 'add it to regions.csv')
    check(at, 'device_model', models.has(row.device_model), row.device_model, 'add it to devices.csv')
  }
  for (const { row, at } of [...rows.prices, ...rows.egress]) {
    check(
      at,
      'currency',
      names.usdPer[row.currency] !== undefined,
      row.currency,
      'give its rate under usdPer in catalogue.yaml',
    )
  }
  for (const { row, at } of rows.links) {
    check(at, 'from', regions.has(row.from), row.from, 'add it to regions.csv')
    check(at, 'to', regions.has(row.to), row.to, 'add it to regions.csv')
    if (row.from === row.to)
      faults.push({ field: `${at} to`, description: `"${row.to}" is the same region as from; remove the row` })
  }
}

export function unique<T extends { readonly row: object; readonly at: string }>(
  placed: readonly T[],
  keyOf: (row: T['row']) => string,
  field: string,
  faults: FolderFault[],
): readonly T[] {
  const first = new Map<string, T>()
  for (const each of placed) {
    const key = keyOf(each.row)
    const before = first.get(key)
    if (before === undefined) first.set(key, each)
    else
      faults.push({
        field: `${each.at} ${field}`,
        description: `"${key}" is at ${before.at} already; remove one of them`,
      })
  }
  return [...first.values()]
}
