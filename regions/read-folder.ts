// Reads a catalogue folder as one layer: catalogue.yaml, and CSV files whose names begin with what their rows are (devices, machines,
// regions, prices, links, egress). Quirks of real price lists are borne and told: of rows for the same thing the cheapest counts, a
// spot price that is not below on-demand is left out, a region may have no price. Everything else that is wrong is refused,
// with file, line, field, value and fix.
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { parse as parseYaml } from 'yaml'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Names } from './below.ts'
import { catalogueBytesMax, violationsMax } from './config.ts'
import { folderSchema, rowSchemas, type FolderFile, type Row, type RowKind } from './folder-schema.ts'
import { toLayer } from './folder-to-layer.ts'
import type { Layer } from './layer.ts'
import type { Machine } from './machines.ts'
import type { Source } from './sources.ts'

export type ReadFolder = {
  readonly layer: Layer
  readonly warnings: readonly string[]
  readonly sources: readonly Source[]
  readonly machines: readonly Machine[]
}

/** A row, and where it stands: "prices.csv line 7". */
export type Placed<Kind extends RowKind> = { readonly row: Row<Kind>; readonly at: string }
export type FolderRows = { readonly [Kind in RowKind]: readonly Placed<Kind>[] }
export type FolderFault = { readonly field: string; readonly description: string }

export async function readFolder(path: string, below: Names): Promise<ReadFolder> {
  const names = (await readdir(path).catch((error: unknown) => Promise.reject(unreadable(path, error)))).sort()
  const faults: FolderFault[] = []
  const file = await readHead(path, faults)
  const rows: { [Kind in RowKind]: Placed<Kind>[] } = {
    devices: [],
    machines: [],
    regions: [],
    prices: [],
    links: [],
    egress: [],
  }
  for (const name of names.filter((each) => each.endsWith('.csv'))) {
    const kind = kindOf(name)
    if (kind === null) {
      const description = `is no part of a catalogue; its name must begin with ${Object.keys(rowSchemas).join(', ')}`
      faults.push({ field: name, description })
    } else {
      readRows(kind, name, await readText(join(path, name)), faults, (row) => rows[kind].push(row as never))
    }
  }
  if (file === null || faults.length > 0) throw refusal(path, faults)
  const { layer, warnings, faults: wrong } = toLayer(file, rows, below)
  if (wrong.length > 0) throw refusal(path, wrong)
  return { layer, warnings, sources: file.sources, machines: rows.machines.map(machineOf) }
}

function machineOf({ row }: Placed<'machines'>): Machine {
  const { provider, instance_type: instanceType, device_model: deviceModel, devices, vcpus, zones } = row
  const size = { vcpus, memoryGib: row.memory_gib, networkMbit: row.network_mbit_s }
  return { provider, instanceType, deviceModel, devices, ...size, zones: zones === '' ? [] : zones.split(';') }
}

function kindOf(name: string): RowKind | null {
  const kinds = Object.keys(rowSchemas) as RowKind[]
  return kinds.find((kind) => name === `${kind}.csv` || (name.startsWith(`${kind}-`) && name.endsWith('.csv'))) ?? null
}

async function readHead(path: string, faults: FolderFault[]): Promise<FolderFile | null> {
  const name = 'catalogue.yaml'
  const text = await readText(join(path, name))
  let content: unknown
  try {
    // Aliases are not needed here, and a few of them can stand for gigabytes.
    content = parseYaml(text, { maxAliasCount: 0 })
  } catch (error) {
    faults.push({ field: name, description: `is not valid YAML: ${messageOf(error).split('\n')[0]}` })
    return null
  }
  const parsed = folderSchema.safeParse(content)
  if (parsed.success) return parsed.data
  for (const { path: at, message } of parsed.error.issues)
    faults.push({ field: `${name} ${at.join('.')}`.trim(), description: message })
  return null
}

type CsvRecord = { readonly record: Readonly<Record<string, string>>; readonly info: { readonly lines: number } }

function readRows<Kind extends RowKind>(
  kind: Kind,
  name: string,
  text: string,
  faults: FolderFault[],
  take: (row: Placed<Kind>) => void,
): void {
  let records: readonly CsvRecord[]
  try {
    records = parse(text, {
      columns: true,
      info: true,
      bom: true,
      trim: true,
      skip_empty_lines: true,
    }) as unknown as readonly CsvRecord[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    faults.push({ field: name, description: `is not valid CSV: ${error.message}` })
    return
  }
  for (const { record, info } of records) {
    const at = `${name} line ${info.lines}`
    const parsed = rowSchemas[kind].safeParse(record)
    if (parsed.success) take({ row: parsed.data as Row<Kind>, at })
    else faults.push(...parsed.error.issues.map((issue) => faultOf(at, record, issue)))
  }
}

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string; readonly code?: string }

function faultOf(at: string, record: CsvRecord['record'], { path, message, code }: Issue): FolderFault {
  const name = String(path[0] ?? '')
  if (code === 'unrecognized_keys') return { field: at, description: `${message}; remove the column` }
  const value = Object.hasOwn(record, name) ? record[name] : undefined
  const description =
    value === undefined ? `is missing: ${message}` : `${JSON.stringify(value.slice(0, 80))}: ${message}`
  return { field: `${at} ${name}`.trim(), description }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= catalogueBytesMax) return await readFile(path, 'utf8')
    throw refusal(path, [
      { field: basename(path), description: `has ${size} bytes; at most ${catalogueBytesMax} are read` },
    ])
  } catch (error) {
    if (error instanceof CloudlessError) throw error
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): CloudlessError {
  const text = `catalogue ${path} can not be read: ${messageOf(cause)}`
  return new CloudlessError('not-found', 'NO_CATALOGUE', text, { cause })
}

function refusal(path: string, faults: readonly FolderFault[]): CloudlessError {
  const shown = faults.slice(0, violationsMax)
  const more = faults.length - shown.length
  const violations = more > 0 ? [...shown, { field: 'folder', description: `${more} more rows are wrong` }] : shown
  const text = violations.map(({ field, description }) => `${field}: ${description}`).join('; ')
  return new CloudlessError('invalid', 'INVALID_CATALOGUE', `catalogue ${path}: ${text}`, { violations })
}
