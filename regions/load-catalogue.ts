// Reads a catalogue file and refuses a wrong one with file, line and field. The sources of the figures are for people:
// what decides and prices is kept, put in order and pinned by a hash that neither comments nor the order of rows change.
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isCollection, LineCounter, parseDocument, type Document } from 'yaml'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { catalogueSchema, type CatalogueFile } from './catalogue-schema.ts'
import type { Catalogue, Price } from './catalogue.ts'
import { checkCatalogue, type Fault } from './check-catalogue.ts'
import { catalogueBytesMax, violationsMax } from './config.ts'
import { mergeLayers } from './layer.ts'
import { readFolder } from './read-folder.ts'

/** The price list that comes with Cloudless. */
export const bundledCataloguePath = join(import.meta.dirname, 'catalogue', '2026-11')

export async function loadCatalogue(path: string = bundledCataloguePath): Promise<Catalogue> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (found.isDirectory()) return withHash(mergeLayers([(await readFolder(path)).layer]).catalogue)
  const { size } = found
  if (size > catalogueBytesMax) {
    throw refusal(path, [{ field: 'file', description: `has ${size} bytes; at most ${catalogueBytesMax} are read` }])
  }
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  return parseCatalogue(text, path)
}

/** `path` is for messages only. */
export function parseCatalogue(text: string, path: string): Catalogue {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true })
  const syntax = document.errors.slice(0, violationsMax)
  if (syntax.length > 0) {
    const violations = syntax.map((error) => ({
      field: `line ${error.linePos?.[0].line ?? '?'}`,
      description: error.message.split('\n')[0]!,
    }))
    throw refusal(path, violations)
  }
  const content = toPlain(document, path)
  const parsed = catalogueSchema.safeParse(content)
  const faults = parsed.success ? checkCatalogue(parsed.data) : shapeFaults(parsed.error.issues, content)
  if (!parsed.success || faults.length > 0) throw refusal(path, describe(faults, document, lines))
  return toCatalogue(parsed.data)
}

function toPlain(document: Document, path: string): unknown {
  try {
    // Aliases are not needed here, and a few of them can stand for gigabytes.
    return document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    throw refusal(path, [{ field: 'file', description: `${messageOf(error)}; write aliases out` }])
  }
}

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string; readonly code: string }

function shapeFaults(issues: readonly Issue[], content: unknown): readonly Fault[] {
  return issues.map((issue) => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    if (issue.code === 'unrecognized_keys') return { path, description: `${issue.message}; remove it` }
    const value = valueAt(content, path)
    return {
      path,
      description: value === undefined ? `is missing: ${issue.message}` : `${show(value)}: ${issue.message}`,
    }
  })
}

function valueAt(content: unknown, path: Fault['path']): unknown {
  let value = content
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[key]
  }
  return value
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80)
}

type FieldText = { readonly field: string; readonly description: string }

function describe(faults: readonly Fault[], document: Document, lines: LineCounter): readonly FieldText[] {
  const shown = faults.slice(0, violationsMax).map(({ path, description }) => {
    const line = lineOf(path, document, lines)
    return { field: fieldName(path), description: line === null ? description : `${description} (line ${line})` }
  })
  const more = faults.length - shown.length
  return more > 0 ? [...shown, { field: 'file', description: `${more} more rows are wrong` }] : shown
}

/** The line of the field, or of the nearest row around it when the field itself is missing. */
function lineOf(path: Fault['path'], document: Document, lines: LineCounter): number | null {
  for (let length = path.length; length > 0; length--) {
    const found = document.getIn(path.slice(0, length), true)
    if (typeof found !== 'object' || found === null || !('range' in found)) continue
    const range = (found as { readonly range?: readonly number[] | null }).range
    if (range !== null && range !== undefined && range[0] !== undefined) return lines.linePos(range[0]).line
  }
  return isCollection(document.contents) ? 1 : null
}

/** For example `links[3].mbitPerSecond`. */
function fieldName(path: Fault['path']): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
  return name === '' ? 'file' : name.replace(/^\./, '')
}

function refusal(path: string, violations: readonly FieldText[]): CloudlessError {
  const text = violations.map(({ field, description }) => `${field}: ${description}`).join('; ')
  return new CloudlessError('invalid', 'INVALID_CATALOGUE', `catalogue ${path}: ${text}`, { violations })
}

function unreadable(path: string, cause: unknown): CloudlessError {
  return new CloudlessError('not-found', 'NO_CATALOGUE', `catalogue ${path} can not be read: ${messageOf(cause)}`, {
    cause,
  })
}

function toCatalogue(file: CatalogueFile): Catalogue {
  const content: Omit<Catalogue, 'hash'> = {
    version: file.version,
    usdPer: { USD: 1 },
    regions: file.regions
      .map(({ name, provider, prices }) => ({
        name,
        provider,
        coordinates: null,
        prices: prices.map(priceOf).sort((a, b) => (a.deviceModel < b.deviceModel ? -1 : 1)),
        storageUsdPerGbMonth: null,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    links: file.links
      .map(({ from, to, mbitPerSecond, roundTripMs, egressUsdPerGb }) => ({
        from,
        to,
        mbitPerSecond,
        roundTripMs,
        egress: { kind: 'per-gb' as const, tiers: [{ upToGb: null, usdPerGb: egressUsdPerGb }] },
      }))
      .sort((a, b) => (a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1)),
    deviceModels: file.deviceModels
      .map(({ name, relativeSpeed }) => ({ name, relativeSpeed }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
  return withHash(content)
}

function withHash(content: Omit<Catalogue, 'hash'>): Catalogue {
  return { ...content, hash: createHash('sha256').update(JSON.stringify(content)).digest('hex') }
}

function priceOf({ deviceModel, usdPerUnitHour }: CatalogueFile['regions'][number]['prices'][number]): Price {
  return {
    deviceModel,
    market: 'on-demand',
    instanceType: '',
    zone: '',
    usdPerUnitHour,
    perUnitHour: usdPerUnitHour,
    currency: 'USD',
    pricedOn: '',
    lossesPerHour: 0,
    stock: 'unknown',
  }
}
