// Whether a pipeline makes sense beside the functions that are deployed, before anything is stored: every problem with its field, the
// value found and the fix.
import { nearestNames } from '#runtime/nearest-names.ts'
import { stageFaults } from '#proto/pipelines/stage-graph.ts'
import { fastestMs, type Functions, type PipelineSpec } from '#control-plane/model/pipeline.ts'
import type { Violation } from '#control-plane/model/violation.ts'
import { functionLimits as limits } from './config.ts'

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** `root` is put before every path. */
export function validatePipeline(spec: PipelineSpec, functions: Functions, root: string): readonly Violation[] {
  const violations: Violation[] = []
  const note = (field: string, description: string): void =>
    void violations.push({ field: `${root}.${field}`, description })
  checkLabel(note, 'name', spec.name)
  if (functions.has(spec.name))
    note('name', `${quote(spec.name)} is the name of a function; both are asked by it, so choose another one`)
  for (const [i, { name }] of spec.stages.entries()) checkLabel(note, `stages[${i}].name`, name)
  for (const [i, stage] of spec.stages.entries())
    if (!functions.has(stage.function)) note(`stages[${i}].function`, unknown(stage.function, functions))
  const faults = stageFaults(spec.stages)
  for (const { field, description } of faults) note(field, description)
  const { slo, timeoutMs } = spec
  const within = (field: string, value: number, least: number, most: number): void => {
    if (!(value >= least && value <= most)) note(field, `is ${value}; give a number from ${least} to ${most}`)
  }
  within('timeout_ms', timeoutMs, limits.timeoutMsMin, limits.timeoutMsMax)
  if (slo === null) return violations
  if (timeoutMs < slo.latencyMs)
    note('timeout_ms', `is ${timeoutMs}, below the objective of ${slo.latencyMs} ms; allow at least as much`)
  within('slo.latency_ms', slo.latencyMs, limits.latencyMsMin, limits.latencyMsMax)
  within('slo.percentile', slo.percentile, limits.percentileMin, limits.percentileMax)
  if (slo.per === 'token')
    note('slo.per', 'is per token; a pipeline answers a request as a whole, so give it per request')
  if (violations.length > 0) return violations
  const fastest = fastestMs(spec, functions)
  if (slo.latencyMs < fastest) {
    const shown = Number(fastest.toFixed(3))
    const text = `is ${slo.latencyMs}, below ${shown} ms: the longest way through the stages takes so long with each at its fastest profiled configuration; give at least ${Math.ceil(fastest)}`
    note('slo.latency_ms', text)
  }
  return violations
}

function checkLabel(note: (field: string, description: string) => void, field: string, name: string): void {
  if (label.test(name)) return
  note(field, `${quote(name)} is no name; use 1 to 63 lower-case letters, digits and "-", not at an end`)
}

function unknown(name: string, functions: Functions): string {
  const known = [...functions.keys()].sort()
  const near = nearestNames(name, known)
  if (near.length > 0) return `${quote(name)} is no function; did you mean ${near.join(' or ')}?`
  const some = known.slice(0, 20).join(', ')
  return `${quote(name)} is no function; deploy it first, or use one of ${some === '' ? 'none: there is none' : some}`
}

function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}
