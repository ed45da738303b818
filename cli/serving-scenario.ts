// A scenario of serving, read with all the files that it names: profiles and traces become plain numbers, which is what the process
// of the replay is given. What is wrong in a file is told with the field that names it.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import type {
  ScenarioArrivals,
  ScenarioFunction,
  ScenarioPipeline,
  ServingScenario,
} from '#physical-plane/serving/replay/replay-report.ts'
import { stageFaults } from '#proto/pipelines/stage-graph.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { limits } from './config.ts'
import {
  knownServingKeysAt,
  servingScenarioSchema,
  type FunctionContent,
  type PipelineContent,
  type ServingScenarioContent,
} from './serving-scenario-schema.ts'
import { decodeYaml, readYamlText, type YamlKind } from './yaml-file.ts'

const kind: YamlKind = {
  name: 'scenario',
  reason: 'SCENARIO',
  bytesMax: limits.scenarioFileBytesMax,
  knownKeysAt: knownServingKeysAt,
}

export function readServingScenario(path: string): ServingScenario {
  const { content } = decodeYaml(readYamlText(path, kind), path, servingScenarioSchema, kind)
  const folder = dirname(resolve(path))
  const names = content.functions.map(({ name }) => name)
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i)
  if (twice !== -1)
    throw refused(`functions[${twice}].name`, `"${names[twice]}" is another function's too; give each its own`)
  return {
    name: content.name,
    seeds: content.seeds,
    lengthMs: content.length,
    policies: content.policies,
    gpus: content.gpus.map(({ model, count, memory_gib: gib, usd_per_hour: usdPerHour }) => ({
      model,
      count,
      memoryBytes: gib * 2 ** 30,
      usdPerHour,
    })),
    functions: content.functions.map((one, i) => functionOf(one, content, folder, `functions[${i}]`)),
    pipelines: content.pipelines.map((one, i) => pipelineOf(one, content, folder, `pipelines[${i}]`)),
  }
}

function pipelineOf(
  one: PipelineContent,
  { functions, length }: ServingScenarioContent,
  folder: string,
  field: string,
): ScenarioPipeline {
  const names = functions.map(({ name }) => name)
  const unknown = one.stages.findIndex((stage) => !names.includes(stage.function))
  if (unknown !== -1) {
    const given = one.stages[unknown]!.function
    throw refused(`${field}.stages[${unknown}].function`, `there is no function "${given}", only ${names.join(', ')}`)
  }
  const faults = stageFaults(one.stages)
  if (faults.length > 0)
    throw invalid(
      faults.map((fault) => ({ ...fault, field: `${field}.${fault.field}` })),
      'SCENARIO',
    )
  return {
    name: one.name,
    stages: one.stages,
    slo: { latencyMs: one.slo.latency_ms, percentile: one.slo.percentile },
    arrivals: arrivalsOf(one.arrivals, length, folder, `${field}.arrivals`),
  }
}

function functionOf(
  one: FunctionContent,
  content: ServingScenarioContent,
  folder: string,
  field: string,
): ScenarioFunction {
  const { request, limit, sm } = one.gpu_share
  const requestMilli = Math.round(1_000 * request)
  const isAsked = content.pipelines.some(({ stages }) => stages.some((stage) => stage.function === one.name))
  if (one.arrivals === undefined && !isAsked)
    throw refused(`${field}.arrivals`, 'is needed where no pipeline asks the function')
  const gpuGib = Math.max(...content.gpus.map(({ memory_gib: gib }) => gib))
  if (one.memory_gib > gpuGib)
    throw refused(`${field}.memory_gib`, `${one.memory_gib} fits on no GPU; they have ${gpuGib} at most`)
  return {
    name: one.name,
    profile: profileOf(one.profile, folder, `${field}.profile`),
    arrivals:
      one.arrivals === undefined
        ? { kind: 'times', atMs: [] }
        : arrivalsOf(one.arrivals, content.length, folder, `${field}.arrivals`),
    slo: one.slo === undefined ? null : { latencyMs: one.slo.latency_ms, percentile: one.slo.percentile },
    instancesMin: one.instances.min,
    instancesMax: one.instances.max ?? Math.max(one.instances.min, limits.simulatedInstancesMax),
    batchMax: one.batch_max,
    shape: {
      smMilli: Math.round(1_000 * sm),
      requestMilli,
      limitMilli: limit === undefined ? Math.min(1_000, Math.round(1.5 * requestMilli)) : Math.round(1_000 * limit),
    },
    memoryBytes: one.memory_gib * 2 ** 30,
    coldStartMs: one.cold_start,
    timeoutMs: one.timeout,
    queueMax: one.queue_max,
  }
}

function profileOf(given: FunctionContent['profile'], folder: string, field: string): ScenarioFunction['profile'] {
  if (Array.isArray(given))
    return given.map(({ batch, sm, quota, latency_ms: latencyMs }) =>
      pointOf(batch, 1_000 * sm, 1_000 * quota, latencyMs),
    )
  const { file, model } = given
  const rows = rowsOf(textOf(file, folder, `${field}.file`), file, `${field}.file`)
  const own = model === undefined ? rows : rows.filter((row) => row['model'] === model)
  if (own.length === 0)
    throw refused(
      `${field}.${model === undefined ? 'file' : 'model'}`,
      `${file} has no rows${model === undefined ? '' : ` of "${model}"`}`,
    )
  return own.map((row, i) => {
    const number = (column: string): number => numberIn(row, column, i + 2, file, `${field}.file`)
    return pointOf(number('batch'), 10 * number('sm_pct'), 10 * number('quota_pct'), number('latency_ms'))
  })
}

function pointOf(
  batch: number,
  smMilli: number,
  quotaMilli: number,
  latencyMs: number,
): ScenarioFunction['profile'][number] {
  return { deviceModel: '', batch, smMilli: Math.round(smMilli), quotaMilli: Math.round(quotaMilli), latencyMs }
}

function arrivalsOf(
  given: PipelineContent['arrivals'],
  lengthMs: number,
  folder: string,
  field: string,
): ScenarioArrivals {
  switch (given.kind) {
    case 'poisson':
      return { kind: 'rates', perSecond: [given.rate], slotMs: lengthMs, spacing: 'poisson' }
    case 'rates': {
      const { per_second: told, file, slot, skip, scale, spacing } = given
      if ((told === undefined) === (file === undefined))
        throw refused(`${field}.per_second`, 'is needed, or file, and not both')
      const all = told ?? ratesOf(textOf(file!, folder, `${field}.file`), file!, `${field}.file`)
      const slots = Math.ceil(lengthMs / slot)
      const from = Math.floor(skip / slot)
      const perSecond = all.slice(from, from + slots).map((rate) => scale * rate)
      if (perSecond.length === 0)
        throw refused(`${field}.skip`, `nothing is left of ${all.length} rates of ${slot} ms each`)
      const requests = perSecond.reduce((sum, rate) => sum + rate, 0) * (slot / 1_000)
      checkCount(requests, field)
      return { kind: 'rates', perSecond, slotMs: slot, spacing }
    }
    case 'times': {
      const rows = rowsOf(textOf(given.file, folder, `${field}.file`), given.file, `${field}.file`)
      const times = rows.map((row, i) => timeIn(row, given.column, i + 2, given.file, field))
      if (times.length === 0) throw refused(`${field}.file`, `${given.file} has no rows`)
      const first = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY)
      const atMs = times.map((at) => at - first - given.skip).filter((at) => at >= 0 && at < lengthMs)
      checkCount(atMs.length, field)
      return { kind: 'times', atMs }
    }
  }
}

function checkCount(requests: number, field: string): void {
  const most = limits.simulatedRequestsMax
  if (requests > most)
    throw refused(
      field,
      `are about ${Math.round(requests)} requests; at most ${most}: take less time or a smaller scale`,
    )
}

function ratesOf(text: string, file: string, field: string): readonly number[] {
  const isJson = /^\s*[[{]/.test(text)
  const values = isJson ? listIn(text, file, field) : text.trim().split(/\s+/).map(Number)
  const wrong = values.findIndex((value) => typeof value !== 'number' || !Number.isFinite(value) || value < 0)
  if (wrong !== -1) throw refused(field, `${file}: value ${wrong + 1} is no number of at least 0`)
  return values as readonly number[]
}

function listIn(text: string, file: string, field: string): readonly unknown[] {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw refused(field, `${file} is not valid JSON: ${messageOf(error)}`)
  }
  const lists = (Array.isArray(content) ? [content] : Object.values(content as object)).filter((one) =>
    Array.isArray(one),
  )
  if (lists.length !== 1) throw refused(field, `${file} holds ${lists.length} lists; one of rates is needed`)
  return lists[0] as readonly unknown[]
}

type Row = Readonly<Record<string, string>>

function rowsOf(text: string, file: string, field: string): readonly Row[] {
  try {
    return parse(text, { columns: true, skip_empty_lines: true, bom: true, trim: true }) as Row[]
  } catch (error) {
    throw refused(field, `${file}: ${messageOf(error)}`)
  }
}

function numberIn(row: Row, column: string, line: number, file: string, field: string): number {
  const value = row[column]
  if (value === undefined)
    throw refused(field, `${file} has no column "${column}"; it has ${Object.keys(row).join(', ')}`)
  const number = value === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(number) || number <= 0)
    throw refused(field, `${file}, line ${line}: ${column} is "${value.slice(0, 40)}", which is no number above 0`)
  return number
}

/** Milliseconds, of seconds or of a date with its time (UTC unless it says otherwise). */
function timeIn(row: Row, column: string, line: number, file: string, field: string): number {
  const value = row[column]
  if (value === undefined)
    throw refused(`${field}.column`, `${file} has no column "${column}"; it has ${Object.keys(row).join(', ')}`)
  const seconds = value === '' ? Number.NaN : Number(value)
  if (Number.isFinite(seconds)) return 1_000 * seconds
  const [, day, time, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(value) ?? []
  const atMs =
    day === undefined
      ? Number.NaN
      : Date.parse(`${day}T${time}${zone}`) + 1_000 * Number(fraction === '' ? 0 : fraction)
  if (Number.isNaN(atMs))
    throw refused(
      `${field}.file`,
      `${file}, line ${line}: ${column} is "${value.slice(0, 40)}", neither seconds nor a date with its time`,
    )
  return atMs
}

function textOf(file: string, folder: string, field: string): string {
  const path = resolve(folder, file)
  try {
    const { size } = statSync(path)
    if (size > limits.scenarioDataBytesMax)
      throw refused(field, `${file} has ${size} bytes; at most ${limits.scenarioDataBytesMax} are read`)
    const data = readFileSync(path)
    return (file.endsWith('.gz') ? gunzipSync(data, { maxOutputLength: limits.scenarioDataBytesMax }) : data).toString(
      'utf8',
    )
  } catch (error) {
    if (error instanceof CloudlessError) throw error
    throw refused(field, `cannot read ${file}: ${messageOf(error)}`)
  }
}

function refused(field: string, description: string): CloudlessError {
  return invalid([{ field, description }], 'SCENARIO')
}
