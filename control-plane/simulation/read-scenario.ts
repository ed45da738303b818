// A scenario file becomes a Scenario, or one error that names every wrong field with its line and the fix.
import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { CloudlessError, invalid, messageOf, type FieldViolation } from '#runtime/errors.ts'
import { nearestNames } from '#runtime/nearest-names.ts'
import { simulationConfig as config } from './config.ts'
import { scenarioSchema, type Scenario } from './scenario-schema.ts'

/** Pure: `path` is for messages only. */
export function parseScenario(text: string, path: string): Scenario {
  if (text.length > config.scenarioBytesMax) {
    const why = `${path} has ${text.length} characters; a scenario has at most ${config.scenarioBytesMax}`
    throw new CloudlessError('invalid', 'SCENARIO', why)
  }
  const lines = new LineCounter()
  const { document, value } = parseYaml(text, path, lines)
  const parsed = scenarioSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const violations = parsed.error.issues.flatMap((issue) => violationsOf(issue, value, document, lines))
  throw invalid(violations.slice(0, config.violationsMax), 'SCENARIO')
}

function parseYaml(text: string, path: string, lines: LineCounter): { document: Document; value: unknown } {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, strict: true, uniqueKeys: true })
    const problem = document.errors[0]
    if (problem !== undefined) throw problem
    return { document, value: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    const why = `${path} is not valid YAML: ${messageOf(error).trim()}`
    throw new CloudlessError('invalid', 'SCENARIO', why, { cause: error })
  }
}

function violationsOf(
  issue: z.core.$ZodIssue,
  root: unknown,
  document: Document,
  lines: LineCounter,
): FieldViolation[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      const [nearest] = nearestNames(key, knownKeys)
      const fix = nearest === undefined ? 'remove it' : `did you mean "${nearest}"?`
      return { field: fieldName(path), description: `unknown key${lineText(document, lines, path)}; ${fix}` }
    })
  }
  const found = valueAt(root, issue.path)
  const field = issue.path.length === 0 ? 'scenario' : fieldName(issue.path)
  const description = wanted(issue)
  if (found === undefined) return [{ field, description: `is missing; ${description}` }]
  const shown = JSON.stringify(found).slice(0, 80)
  return [{ field, description: `${shown}${lineText(document, lines, issue.path)}: ${description}` }]
}

function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) return `must be ${issue.expected}`
  if (issue.code === 'invalid_union' && issue.errors.length === 0) return 'kind must be one of those that there are'
  return issue.message.replace(/^Too (small|big): expected \w+ to (be|have)/, 'must $2')
}

/** All keys of the schema, wherever: the nearest one is a hint and not a promise. */
export const knownKeys: readonly string[] = `
  name seed start length settle catalogue regions policies links capacity arrivals jobs agents control device
  market zone instance_type units total_units availability trace losses_per_hour away notice kind file
  columns files at every time gpus duration end stretch weight samples_per_second model batch device_hours data_regions bytes_per_sample
  may_move_to devices markets workers_max_per_region sync strategy interval objective slack within budget_usd
  shared memory_gib gpu_share request limit
  owner start_spread report meter redo crashes_per_hour outages_per_week outage speed_spread step tick replan
  from to mbit_per_second round_trip_ms
`
  .trim()
  .split(/\s+/)

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  )
}

/** Of the field, or of what is around it where the field itself is missing. */
function lineText(document: Document, lines: LineCounter, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] | null } | undefined
    const offset = node?.range?.[0]
    if (offset !== undefined) return ` (line ${lines.linePos(offset).line})`
  }
  return ''
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`
    return name === '' ? String(part) : `${name}.${String(part)}`
  }, '')
}
