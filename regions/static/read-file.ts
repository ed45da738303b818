// Reads a catalogue in one YAML file as a layer, and refuses a wrong one with file, line and field. An on-prem rack needs its
// regions, their prices and their lines, and nothing else:
//
//     regions: [{ name: onprem/rack, prices: [{ deviceModel: nvidia-t4, usdPerUnitHour: 0.2 }] }]
//     egress: [{ from: onprem/rack, to: "*", usdPerGb: 0 }]
import { isCollection, LineCounter, parseDocument, type Document } from 'yaml'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Names } from '../below.ts'
import { violationsMax } from '../config.ts'
import { deviceModelOf } from '../device-names.ts'
import type { Layer } from '../layer.ts'
import type { Source } from '../sources.ts'
import { checkFile, type Fault } from './check-file.ts'
import { fileSchema, type CatalogueFile } from './file-schema.ts'
import { toLayer } from './to-layer.ts'

export type ReadFile = {
  readonly layer: Layer
  readonly warnings: readonly string[]
  readonly sources: readonly Source[]
  readonly machines: readonly []
}

/** `path` is for messages, and names a layer that has no version of its own. */
export function parseFile(text: string, path: string, below: Names): ReadFile {
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
  const parsed = fileSchema.safeParse(content)
  if (!parsed.success) throw refusal(path, describe(shapeFaults(parsed.error.issues, content), document, lines))
  const warnings: string[] = []
  const file = withKnownNames(parsed.data, below, warnings)
  const faults = checkFile(file, below)
  if (faults.length > 0) throw refusal(path, describe(faults, document, lines))
  return { layer: toLayer(file, path, below), warnings, sources: file.sources, machines: [] }
}

/** Devices by the names that the catalogue has for them. */
function withKnownNames(file: CatalogueFile, below: Names, warnings: string[]): CatalogueFile {
  const known = new Set([...below.deviceModels, ...file.deviceModels.map(({ name }) => name)])
  const regions = file.regions.map((region) => ({
    ...region,
    prices: region.prices.map((price) => {
      const deviceModel = deviceModelOf(price.deviceModel, known) ?? price.deviceModel
      if (deviceModel !== price.deviceModel)
        warnings.push(`${region.name}: ${price.deviceModel} is ${deviceModel} here`)
      return { ...price, deviceModel }
    }),
  }))
  return { ...file, regions }
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
