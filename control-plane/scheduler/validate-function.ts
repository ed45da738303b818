// Whether a function that answers requests makes sense on a catalogue, before anything is stored: every problem with its field,
// the value found and the fix.
import { nearestNames } from '#runtime/nearest-names.ts'
import { isKnownDevice } from '#control-plane/model/mig-slice.ts'
import type { InferenceSpec } from '#control-plane/model/inference.ts'
import type { Catalogue } from '#control-plane/model/snapshot.ts'
import type { Violation } from '#control-plane/model/violation.ts'
import { functionLimits as limits } from './config.ts'
import { checkShare, type Note } from './validate-job.ts'

/** A class of the bundle, or a model in it. */
const handlers = [/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$/, /^onnx:[\w-][\w./-]*\.onnx$/]

/** `root` is put before every path. */
export function validateFunction(spec: InferenceSpec, catalogue: Catalogue, root: string): readonly Violation[] {
  const violations: Violation[] = []
  const note: Note = (field, description) => void violations.push({ field: `${root}.${field}`, description })
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(spec.name))
    note('name', `${quote(spec.name)} is no name; use 1 to 63 lower-case letters, digits and "-", not at an end`)
  if (!/^[0-9a-f]{64}$/.test(spec.bundleDigest))
    note('bundle_digest', `${quote(spec.bundleDigest)} is no sha256; give 64 lower-case hexadecimal digits`)
  if (!handlers.some((form) => form.test(spec.handler))) {
    const forms = 'name module and class, for example "model:Classifier", or a model, "onnx:model.onnx"'
    note('handler', `${quote(spec.handler)} is no handler; ${forms}`)
  }
  checkEnvironment(note, spec.environment)
  checkNumbers(note, spec)
  checkProfile(note, spec, catalogue)
  for (const [i, model] of spec.deviceModels.entries()) {
    const known = catalogue.deviceModels.map(({ name }) => name)
    if (!isKnownDevice(model, known)) note(`device_models[${i}]`, unknown(model, known, 'device model'))
  }
  const regions = catalogue.regions.map(({ name }) => name)
  for (const [i, region] of spec.regions.entries()) {
    if (!regions.includes(region)) note(`regions[${i}]`, unknown(region, regions, 'region'))
    else if (spec.regions.indexOf(region) !== i) note(`regions[${i}]`, `${quote(region)} is there twice; name it once`)
  }
  if (spec.gpuShare !== null)
    checkShare((field, text) => note(field.replace('resources.', ''), text), spec.gpuShare, spec.deviceModels)
  return violations
}

function checkEnvironment(note: Note, environment: InferenceSpec['environment']): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      note('environment', `${quote(name)} is no variable name; use letters, digits and "_"`)
    else if (name.startsWith('CLOUDLESS_'))
      note(`environment.${name}`, 'is set by Cloudless; choose a name without CLOUDLESS_')
    if (value.includes('\0')) note(`environment.${name}`, 'contains a NUL character; remove it')
  }
}

function checkNumbers(note: Note, spec: InferenceSpec): void {
  const { slo, instancesMin, instancesMax, batchMax, timeoutMs, queueMax, memoryBytes } = spec
  const within = (field: string, value: number, least: number, most: number): void => {
    if (!(value >= least && value <= most)) note(field, `is ${value}; give a number from ${least} to ${most}`)
  }
  within('instances_max', instancesMax, 1, limits.instancesMax)
  if (instancesMin > instancesMax)
    note('instances_min', `is ${instancesMin}, above instances_max ${instancesMax}; lower it, or allow more`)
  within('batch_max', batchMax, 1, limits.batchMax)
  within('timeout_ms', timeoutMs, limits.timeoutMsMin, limits.timeoutMsMax)
  within('queue_max', queueMax, 0, limits.queueMax)
  if (memoryBytes !== 0) within('memory_bytes', memoryBytes, limits.memoryBytesMin, limits.memoryBytesMax)
  if (slo === null) return
  within('slo.latency_ms', slo.latencyMs, limits.latencyMsMin, limits.latencyMsMax)
  within('slo.percentile', slo.percentile, limits.percentileMin, limits.percentileMax)
  if (slo.per === 'request' && timeoutMs < slo.latencyMs)
    note('timeout_ms', `is ${timeoutMs}, below the objective of ${slo.latencyMs} ms; allow at least as much`)
}

/** What a point says may be measured once: two that differ would make predictions hang on their order. */
function checkProfile(note: Note, { profile }: InferenceSpec, catalogue: Catalogue): void {
  const known = catalogue.deviceModels.map(({ name }) => name)
  const seen = new Map<string, number>()
  for (const [i, { deviceModel, batch, smMilli, quotaMilli, latencyMs }] of profile.entries()) {
    if (!isKnownDevice(deviceModel, known))
      note(`profile[${i}].device_model`, unknown(deviceModel, known, 'device model'))
    if (!(latencyMs > 0)) note(`profile[${i}].latency_ms`, `is ${latencyMs}; give what was measured, above 0`)
    const name = `${deviceModel} ${batch} ${smMilli} ${quotaMilli}`
    const before = seen.get(name)
    if (before !== undefined) note(`profile[${i}]`, `is of what profile[${before}] is of; give each point once`)
    seen.set(name, i)
  }
}

function unknown(value: string, known: readonly string[], what: string): string {
  const near = nearestNames(value, known)
  if (near.length > 0) return `${quote(value)} is no ${what}; did you mean ${near.join(' or ')}?`
  return `${quote(value)} is no ${what}; use one of ${known.slice(0, 20).join(', ') || 'none: there is none'}`
}

function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}
