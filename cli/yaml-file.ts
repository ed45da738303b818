// A file that a person writes in YAML: read within a limit, checked against a schema, and refused with every wrong field, its
// line and the fix.
import { readFileSync, statSync } from 'node:fs'
import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { CloudlessError, invalid, messageOf, type FieldViolation } from '#runtime/errors.ts'
import { nearestKey } from './nearest-key.ts'

export type YamlKind = {
  /** For example "job file". */
  readonly name: string
  /** Of its errors, for example "JOB_FILE". */
  readonly reason: string
  readonly bytesMax: number
  /** Keys that may stand where an unknown one was found, for suggestions. */
  readonly knownKeysAt: (path: readonly PropertyKey[]) => readonly string[]
}

export function readYamlText(path: string, kind: YamlKind): string {
  try {
    const sizeBytes = statSync(path).size
    if (sizeBytes > kind.bytesMax) throw tooLarge(path, sizeBytes, kind)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CloudlessError) throw error
    const text = `cannot read the ${kind.name} ${path}: ${messageOf(error)}`
    throw new CloudlessError('invalid', kind.reason, text, { cause: error })
  }
}

/** Pure: `path` is for messages. */
export function decodeYaml<Content>(
  text: string,
  path: string,
  schema: z.ZodType<Content>,
  kind: YamlKind,
): { readonly content: Content; readonly lineOf: LineOf } {
  if (text.length > kind.bytesMax) throw tooLarge(path, text.length, kind)
  const lines = new LineCounter()
  const { document, value } = parseYaml(text, path, lines, kind)
  const parsed = schema.safeParse(value)
  const lineOf: LineOf = (at, isKey) => lineText(document, lines, at, isKey)
  if (parsed.success) return { content: parsed.data, lineOf }
  const violations = parsed.error.issues.flatMap((issue) => violationsOf(issue, value, lineOf, kind))
  throw invalid(violations, kind.reason)
}

/** For example " (line 4)", of the value or its key; '' where it is not in the file. */
export type LineOf = (path: readonly PropertyKey[], isKey: boolean) => string

function parseYaml(
  text: string,
  path: string,
  lines: LineCounter,
  { reason }: YamlKind,
): { document: Document; value: unknown } {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, strict: true, uniqueKeys: true })
    const problem = document.errors[0]
    if (problem !== undefined) throw problem
    return { document, value: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    // Beside syntax errors: alias bombs, and nesting deeper than the parser's stack.
    throw new CloudlessError('invalid', reason, `${path} is not valid YAML: ${messageOf(error).trim()}`, {
      cause: error,
    })
  }
}

function violationsOf(
  issue: z.core.$ZodIssue,
  root: unknown,
  lineOf: LineOf,
  { name, knownKeysAt }: YamlKind,
): FieldViolation[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = nearestKey(key, knownKeysAt(issue.path))
      const fix = nearest === null ? `known here: ${knownKeysAt(issue.path).join(', ')}` : `did you mean "${nearest}"?`
      return {
        field: fieldName([...issue.path, key]),
        description: `unknown key${lineOf([...issue.path, key], true)}; ${fix}`,
      }
    })
  }
  const found = valueAt(root, issue.path)
  const field = issue.path.length === 0 ? name : fieldName(issue.path)
  if (found === undefined) return [{ field, description: `is missing; ${wanted(issue)}` }]
  return [{ field, description: `${shown(found)}${lineOf(issue.path, false)}: ${wanted(issue)}` }]
}

function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return `must be ${kindNames[issue.expected] ?? issue.expected}`
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'is not a fitting key'
  return issue.message.replace(/^Too (small|big): expected \w+ to (be|have)/, 'must $2')
}

const kindNames: Readonly<Record<string, string>> = {
  object: 'a map of keys and values',
  record: 'a map of keys and values',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
}

export function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    return name === '' ? String(part) : `${name}.${String(part)}`
  }, '')
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  )
}

export function shown(value: unknown): string {
  const text = textOf(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** An alias may stand inside of what it stands for. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'a value that contains itself'
  }
}

function lineText(document: Document, lines: LineCounter, path: readonly PropertyKey[], isKey: boolean): string {
  const node = isKey ? keyNode(document, path) : document.getIn(path, true)
  const offset = (node as { range?: readonly number[] | null } | undefined)?.range?.[0]
  return offset === undefined ? '' : ` (line ${lines.linePos(offset).line})`
}

function keyNode(document: Document, path: readonly PropertyKey[]): unknown {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const items = (parent as { items?: readonly { key?: { value?: unknown } }[] } | null)?.items ?? []
  return items.find((item) => String(item.key?.value) === path.at(-1))?.key
}

function tooLarge(path: string, sizeBytes: number, { name, reason, bytesMax }: YamlKind): CloudlessError {
  const text = `${path} has ${sizeBytes} bytes; a ${name} has at most ${bytesMax}`
  return new CloudlessError('invalid', reason, text)
}
