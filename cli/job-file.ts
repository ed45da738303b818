// A job file becomes a JobSpec for the wire, or one error that names every wrong field, its line and the fix.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { optionNames, options } from '#proto/sync/options.ts'
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import { CloudlessError, invalid, messageOf, type FieldViolation } from '#runtime/errors.ts'
import { limits } from './config.ts'
import { jobFileSchema, knownKeysAt, type JobFileContent } from './job-file-schema.ts'
import { nearestKey } from './nearest-key.ts'
import { resolveFileUri } from './file-uri.ts'

export type JobFile = {
  readonly path: string
  /** Absolute path of the function's folder, to be packed. */
  readonly functionFolder: string
  /** Complete but for the bundle's digest. */
  readonly spec: JobSpec
}

export function readJobFile(path: string): JobFile {
  let text: string
  try {
    const sizeBytes = statSync(path).size
    if (sizeBytes > limits.jobFileBytesMax) throw tooLarge(path, sizeBytes)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CloudlessError) throw error
    throw new CloudlessError('invalid', 'JOB_FILE', `cannot read the job file ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return decodeJobFile(text, path)
}

/** Pure: `path` only gives relative names their meaning. */
export function decodeJobFile(text: string, path: string): JobFile {
  if (text.length > limits.jobFileBytesMax) throw tooLarge(path, text.length)
  const lines = new LineCounter()
  const { document, value } = parseYaml(text, path, lines)
  const parsed = jobFileSchema.safeParse(value)
  const lineOf = (at: readonly PropertyKey[], isKey: boolean): string => lineText(document, lines, at, isKey)
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.flatMap((issue) => violationsOf(issue, value, lineOf)),
      'JOB_FILE',
    )
  }
  const violations = crossChecks(parsed.data, lineOf)
  const folder = dirname(resolve(path))
  const spec = toSpec(parsed.data, folder, violations, lineOf)
  if (violations.length > 0) throw invalid(violations, 'JOB_FILE')
  return { path, functionFolder: resolve(folder, parsed.data.function.folder), spec }
}

type LineOf = (path: readonly PropertyKey[], isKey: boolean) => string

function parseYaml(text: string, path: string, lines: LineCounter): { document: Document; value: unknown } {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, strict: true, uniqueKeys: true })
    const problem = document.errors[0]
    if (problem !== undefined) throw problem
    return { document, value: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    // Beside syntax errors: alias bombs, and nesting deeper than the parser's stack.
    throw new CloudlessError('invalid', 'JOB_FILE', `${path} is not valid YAML: ${messageOf(error).trim()}`, {
      cause: error,
    })
  }
}

function violationsOf(issue: z.core.$ZodIssue, root: unknown, lineOf: LineOf): FieldViolation[] {
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
  const field = issue.path.length === 0 ? 'job file' : fieldName(issue.path)
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

/** Rules between fields, which no field alone can break. */
function crossChecks({ sync, data }: JobFileContent, lineOf: LineOf): FieldViolation[] {
  const regions = new Set(data.shards.map(({ region }) => region)).size
  return resolveSync(givenSync(sync), { regions }).violations.map(({ field, description }) => ({
    field: `sync.${field}`,
    description: `${description}${lineOf(['sync', field], true)}`,
  }))
}

/** Only what the file says: the control plane fills in the defaults. */
function givenSync(sync: JobFileContent['sync']): GivenSync {
  const given = optionNames.flatMap((name) => {
    const value = sync[options[name].wireName]
    return value === undefined ? [] : [[name, value]]
  })
  return { strategy: String(sync['strategy']), ...Object.fromEntries(given) }
}

function toSpec(content: JobFileContent, folder: string, violations: FieldViolation[], lineOf: LineOf): JobSpec {
  const { sync, training, resources } = content
  const located = <T extends { uri: string }>(data: T, path: readonly PropertyKey[]): T => {
    const resolved = resolveFileUri(data.uri, folder)
    if (resolved.kind === 'resolved') return { ...data, uri: resolved.uri }
    const at = [...path, 'uri']
    violations.push({
      field: fieldName(at),
      description: `${shown(data.uri)}${lineOf(at, false)}: ${resolved.because}`,
    })
    return data
  }
  return {
    name: content.name,
    function: {
      entrypoint: content.function.entrypoint,
      arguments: content.function.arguments,
      environment: content.function.environment,
    },
    shards: content.data.shards.map((shard, index) => {
      const { bytes, may_move_to: mayMoveTo, ...data } = located(shard, ['data', 'shards', index])
      return { ...data, ...(bytes === undefined ? {} : { bytes }), ...(mayMoveTo.length === 0 ? {} : { mayMoveTo }) }
    }),
    ...(content.data.holdout === undefined ? {} : { holdout: located(content.data.holdout, ['data', 'holdout']) }),
    sync: givenSync(sync) as NonNullable<JobSpec['sync']>,
    training: {
      epochs: training.epochs,
      seed: training.seed,
      workerMode: training.worker_mode ?? '',
      leaseSamples: training.lease_samples ?? 0,
      ...(training.target === undefined
        ? {}
        : { target: { metric: training.target.metric, atLeast: training.target.at_least } }),
      stallTimeoutSeconds: training.stall_timeout ?? 0,
      restartsMax: training.restarts_max ?? 0,
    },
    resources: {
      deviceModels: resources.device_models,
      ...(resources.markets.length === 0 ? {} : { markets: resources.markets }),
      workersMaxPerRegion: resources.workers_max_per_region ?? 0,
      samplesPerSecond: resources.samples_per_second,
    },
    policy: content.policy,
    objective: objectiveOf(content.objective),
    ...(content.budget === undefined ? {} : { budget: content.budget }),
    owner: content.owner,
    labels: content.labels,
  }
}

function objectiveOf(given: JobFileContent['objective']): NonNullable<JobSpec['objective']> {
  const { kind } = given
  if (kind === 'deadline') return { kind, deadlineMs: given.at }
  return kind === 'least-cost' && given.slack !== undefined ? { kind, slack: given.slack } : { kind }
}

function fieldName(path: readonly PropertyKey[]): string {
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

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
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

function tooLarge(path: string, sizeBytes: number): CloudlessError {
  const text = `${path} has ${sizeBytes} bytes; a job file has at most ${limits.jobFileBytesMax}`
  return new CloudlessError('invalid', 'JOB_FILE', text)
}
