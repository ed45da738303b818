// What the rows of a catalogue file must say of each other and of the layers below: names are unique, references exist, a
// price is said in one way.
import type { Names } from '../below.ts'
import { providers } from '../catalogue.ts'
import { rowKey } from '../layer.ts'
import type { CatalogueFile } from './file-schema.ts'

/** A wrong field: where it stands in the file, and what is wrong with it. */
export type Fault = { readonly path: readonly (string | number)[]; readonly description: string }

export function checkFile(file: CatalogueFile, below: Names): readonly Fault[] {
  const faults: Fault[] = []
  const sources = unique(faults, 'sources', 'id', file.sources)
  const models = new Set([...unique(faults, 'deviceModels', 'name', file.deviceModels), ...below.deviceModels])
  const regions = new Set([...unique(faults, 'regions', 'name', file.regions), ...below.regions])
  const check: Check = (names, path, value, what) => {
    if (value === undefined || names.has(value)) return
    faults.push({ path, description: `${what} "${value}" does not exist; ${fixFor(what, names)}` })
  }
  for (const [i, { source }] of file.deviceModels.entries())
    check(sources, ['deviceModels', i, 'source'], source, 'source')
  for (const [name, { source }] of Object.entries(file.usdPer))
    check(sources, ['usdPer', name, 'source'], source, 'source')
  check(sources, ['defaultLink', 'source'], file.defaultLink?.source, 'source')
  const currencies = new Set(Object.keys({ ...below.usdPer, ...file.usdPer }))
  for (const i of file.regions.keys()) checkRegion(faults, file, i, { check, models, sources, currencies })
  checkLinks(faults, file, check, regions, sources)
  checkEgress(faults, file, check, sources)
  return faults
}

type Known = ReadonlySet<string>
type Check = (names: Known, path: Fault['path'], value: string | undefined, what: string) => void

function fixFor(what: string, names: Known): string {
  if (what === 'source') return `describe it under sources${listed(names)}, or leave it out`
  if (what === 'device model')
    return 'add it to deviceModels with its relativeSpeed, or use one of `cloudless catalog show --devices`'
  if (what === 'currency') return 'give its rate under usdPer'
  return 'add it to regions, or use one of `cloudless catalog show`'
}

function listed(names: Known): string {
  return names.size === 0 ? '' : `, use one of ${[...names].slice(0, 10).join(', ')}`
}

function unique<Field extends string>(
  faults: Fault[],
  list: string,
  field: Field,
  rows: readonly Readonly<Record<Field, string>>[],
): Known {
  const first = new Map<string, number>()
  for (const [i, row] of rows.entries()) {
    const before = first.get(row[field])
    if (before === undefined) first.set(row[field], i)
    else
      faults.push({
        path: [list, i, field],
        description: `"${row[field]}" is ${list}[${before}] already; remove one of them`,
      })
  }
  return new Set(first.keys())
}

type Scope = { readonly check: Check; readonly models: Known; readonly sources: Known; readonly currencies: Known }

function checkRegion(faults: Fault[], file: CatalogueFile, at: number, scope: Scope): void {
  const region = file.regions[at]!
  const prefix = region.name.slice(0, region.name.indexOf('/'))
  const path = ['regions', at]
  if (!providers.some((provider) => provider === prefix)) {
    faults.push({ path: [...path, 'name'], description: `"${region.name}" must begin with ${providers.join('/, ')}/` })
  } else if (region.provider !== undefined && region.provider !== prefix) {
    const description = `is ${region.provider}, but the name begins with ${prefix}/; make them agree, or leave it out`
    faults.push({ path: [...path, 'provider'], description })
  }
  if ((region.latitude === undefined) !== (region.longitude === undefined))
    faults.push({ path, description: 'has one of latitude and longitude; give both or none' })
  scope.check(scope.sources, [...path, 'source'], region.source, 'source')
  const first = new Map<string, number>()
  for (const [i, price] of region.prices.entries()) {
    const row = [...path, 'prices', i]
    scope.check(scope.models, [...row, 'deviceModel'], price.deviceModel, 'device model')
    scope.check(scope.sources, [...row, 'source'], price.source, 'source')
    scope.check(scope.currencies, [...row, 'currency'], price.currency, 'currency')
    checkAmount(faults, row, price)
    const key = rowKey(price)
    const before = first.get(key)
    if (before === undefined) first.set(key, i)
    else {
      const description = `"${key.trim()}" has a price in row ${before} of ${region.name} already; remove one`
      faults.push({ path: [...row, 'deviceModel'], description })
    }
  }
}

function checkAmount(
  faults: Fault[],
  row: Fault['path'],
  { usdPerUnitHour, perUnitHour, currency }: CatalogueFile['regions'][number]['prices'][number],
): void {
  if ((usdPerUnitHour === undefined) === (perUnitHour === undefined)) {
    const description = 'is missing or there twice; give usdPerUnitHour, or perUnitHour with its currency'
    faults.push({ path: [...row, 'usdPerUnitHour'], description })
  } else if ((perUnitHour === undefined) !== (currency === undefined)) {
    faults.push({
      path: [...row, 'currency'],
      description: 'belongs to perUnitHour; give both, or usdPerUnitHour alone',
    })
  }
}

function checkLinks(faults: Fault[], file: CatalogueFile, check: Check, regions: Known, sources: Known): void {
  const first = new Map<string, number>()
  for (const [i, link] of file.links.entries()) {
    check(regions, ['links', i, 'from'], link.from, 'region')
    check(regions, ['links', i, 'to'], link.to, 'region')
    for (const [j, source] of (link.sources ?? []).entries())
      check(sources, ['links', i, 'sources', j], source, 'source')
    if (link.from === link.to)
      faults.push({ path: ['links', i, 'to'], description: `"${link.to}" is the same region as from; remove the row` })
    const pair = `${link.from} to ${link.to}`
    const before = first.get(pair)
    if (before === undefined) first.set(pair, i)
    else faults.push({ path: ['links', i], description: `${pair} is links[${before}] already; remove one of them` })
  }
}

function checkEgress(faults: Fault[], file: CatalogueFile, check: Check, sources: Known): void {
  const first = new Map<string, number>()
  for (const [i, rule] of file.egress.entries()) {
    check(sources, ['egress', i, 'source'], rule.source, 'source')
    if ((rule.usdPerGb === undefined) === (rule.usdPerMbitMonth === undefined))
      faults.push({ path: ['egress', i], description: 'give one of usdPerGb and usdPerMbitMonth' })
    const pair = `${rule.from} to ${rule.to}`
    const before = first.get(pair)
    if (before === undefined) first.set(pair, i)
    else faults.push({ path: ['egress', i], description: `${pair} is egress[${before}] already; remove one of them` })
  }
}
