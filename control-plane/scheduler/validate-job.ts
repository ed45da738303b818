// Whether a job makes sense on a catalogue, before anything is stored. Every problem is named, not only the first: the
// field as the wire calls it, the value found, and the fix. What it asks for may still be impossible to place; that is
// for the plan to say.
import { violationsOf } from '#proto/sync/resolve-sync.ts'
import { nearestNames } from '#runtime/nearest-names.ts'
import { wrongAddress } from '#control-plane/model/data-address.ts'
import { shareOn, type GpuShare } from '#control-plane/model/gpu-share.ts'
import { regionsOf, type Holdout, type JobSpec, type Shard } from '#control-plane/model/job.ts'
import type { Catalogue } from '#control-plane/model/snapshot.ts'
import type { Violation } from '#control-plane/model/violation.ts'
import { jobLimits as limits } from './config.ts'
import { isMeant } from './may-move.ts'
import { policies } from './policies.ts'

/** `root` is put before every path: with 'spec', `spec.shards[1].samples`. */
export function validateJob(spec: JobSpec, catalogue: Catalogue, nowMs: number, root = ''): readonly Violation[] {
  const violations: Violation[] = []
  const note: Note = (field, description) => {
    violations.push({ field: root === '' ? field : `${root}.${field}`, description })
  }
  checkName(note, spec.name)
  checkFunction(note, spec.function)
  checkShards(note, spec, catalogue)
  checkHoldout(note, spec, catalogue)
  checkSync(note, spec)
  checkTraining(note, spec)
  checkResources(note, spec.resources, catalogue)
  checkObjective(note, spec, nowMs)
  if (!policies.has(spec.policy)) note('policy', `${quote(spec.policy)} does not exist; ${oneOf([...policies.keys()])}`)
  return violations
}

export type Note = (field: string, description: string) => void

function checkName(note: Note, name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return
  note('name', `${quote(name)} is no name; use 1 to 63 lower-case letters, digits and "-", not at an end`)
}

function checkFunction(note: Note, { bundleDigest, entrypoint, environment }: JobSpec['function']): void {
  if (!/^[0-9a-f]{64}$/.test(bundleDigest)) {
    note('function.bundle_digest', `${quote(bundleDigest)} is no sha256; give 64 lower-case hexadecimal digits`)
  }
  const because = wrongInPath(entrypoint)
  if (because !== null) {
    note(
      'function.entrypoint',
      `${quote(entrypoint)} ${because}; name a script inside the bundle, for example train.py`,
    )
  }
  for (const [name, value] of Object.entries(environment)) {
    const field = `function.environment.${name}`
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      note('function.environment', `${quote(name)} is no variable name; use letters, digits and "_"`)
    } else if (name.startsWith('CLOUDLESS_')) note(field, 'is set by Cloudless; choose a name without CLOUDLESS_')
    if (value.includes('\0')) note(field, 'contains a NUL character; remove it')
  }
}

function wrongInPath(path: string): string | null {
  if (path === '') return 'is empty'
  if (path.includes('\0')) return 'contains a NUL character'
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\\')) return 'is not a relative path with "/"'
  const parts = path.split('/')
  if (parts.includes('..')) return 'leaves the bundle'
  if (parts.some((part) => part === '' || part === '.')) return 'has an empty part'
  return path.endsWith('.py') ? null : 'is no Python script'
}

function checkShards(note: Note, { shards, training }: JobSpec, catalogue: Catalogue): void {
  if (shards.length === 0) return note('shards', 'is empty; name at least one shard of training data')
  if (shards.length > limits.shards) return note('shards', `has ${shards.length} entries; at most ${limits.shards}`)
  const first = new Map<string, number>()
  for (const [i, shard] of shards.entries()) {
    checkData(note, `shards[${i}]`, shard, catalogue)
    checkMoves(note, `shards[${i}]`, shard, catalogue)
    const place = `${shard.region} ${shard.uri}`
    const before = first.get(place)
    if (before === undefined) first.set(place, i)
    else note(`shards[${i}].uri`, `${quote(shard.uri)} is shards[${before}] already; its samples would count twice`)
  }
  const total = shards.reduce((sum, shard) => sum + shard.samples, 0) * training.epochs
  if (total > Number.MAX_SAFE_INTEGER) note('shards', `${total} samples over all epochs can not be counted; use fewer`)
}

function checkData(note: Note, field: string, { region, uri, samples }: Holdout, catalogue: Catalogue): void {
  const names = catalogue.regions.map(({ name }) => name)
  if (!names.includes(region))
    note(`${field}.region`, unknown(region, names, `region of catalogue ${catalogue.version}`))
  const provider = catalogue.regions.find(({ name }) => name === region)?.provider ?? 'onprem'
  const because = wrongAddress(uri, region, provider)
  if (because !== null) note(`${field}.uri`, `${quote(uri)} ${because}`)
  if (!isWhole(samples, 1, Number.MAX_SAFE_INTEGER)) note(`${field}.samples`, wholeNumber(samples, 1))
}

function checkMoves(note: Note, field: string, { bytes, mayMoveTo, region }: Shard, catalogue: Catalogue): void {
  if (!isWhole(bytes, 0, Number.MAX_SAFE_INTEGER)) note(`${field}.bytes`, wholeNumber(bytes, 0))
  if (mayMoveTo.length > 0 && bytes === 0) {
    note(`${field}.bytes`, 'is needed where data may move, for what that costs and how long it takes; give its size')
  }
  for (const [i, pattern] of mayMoveTo.entries()) {
    const meant = catalogue.regions.filter(({ name }) => name !== region && isMeant(pattern, name))
    if (meant.length > 0) continue
    const names = catalogue.regions.map(({ name }) => name).filter((name) => name !== region)
    note(`${field}.may_move_to[${i}]`, unknown(pattern, names, `other region of catalogue ${catalogue.version}`))
  }
}

function checkObjective(note: Note, { objective, budget, resources }: JobSpec, nowMs: number): void {
  if (objective.kind === 'least-cost' && !(objective.slack >= 0 && objective.slack <= limits.slack)) {
    note('objective.slack', `${objective.slack} is out of bounds; use a share from 0 to ${limits.slack}, such as 0.05`)
  }
  if (objective.kind === 'deadline' && !(objective.atMs > nowMs)) {
    const now = new Date(nowMs).toISOString()
    note('objective.deadline_ms', `${isoTime(objective.atMs)} is over, it is ${now}; give a time to come`)
  }
  if (budget !== null && !(Number.isFinite(budget.usd) && budget.usd > 0)) {
    note('budget.usd', `${budget.usd} is no budget; use a number above 0`)
  }
  if (resources.markets.length === 0) note('resources.markets', 'is empty; use on-demand or spot or both')
}

function isoTime(atMs: number): string {
  const isTime = Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15
  return isTime ? new Date(atMs).toISOString() : String(atMs)
}

function checkHoldout(note: Note, spec: JobSpec, catalogue: Catalogue): void {
  const { holdout } = spec
  if (holdout === null) return
  checkData(note, 'holdout', holdout, catalogue)
  const regions = regionsOf(spec)
  if (regions.includes(holdout.region)) return
  note('holdout.region', `${quote(holdout.region)} has no shard, so no workers that could evaluate; ${oneOf(regions)}`)
}

function checkSync(note: Note, spec: JobSpec): void {
  const violations = violationsOf(spec.sync, { regions: regionsOf(spec).length })
  for (const { field, description } of violations) note(`sync.${field}`, description)
}

function checkTraining(note: Note, { training, holdout }: JobSpec): void {
  const whole = (field: string, value: number, min: number, max: number): void => {
    if (!isWhole(value, min, max)) note(`training.${field}`, wholeNumber(value, min, max))
  }
  whole('epochs', training.epochs, 1, limits.epochs)
  whole('seed', training.seed, 0, Number.MAX_SAFE_INTEGER)
  whole('lease_samples', training.leaseSamples, 1, limits.leaseSamples)
  whole('stall_timeout_seconds', training.stallTimeoutSeconds, 1, limits.stallTimeoutSeconds)
  whole('restarts_max', training.restartsMax, 0, limits.restarts)
  const modes = ['asynchronous', 'synchronous']
  if (!modes.includes(training.workerMode)) {
    note('training.worker_mode', `${quote(training.workerMode)} does not exist; ${oneOf(modes)}`)
  }
  if (training.target === null) return
  const { metric, atLeast } = training.target
  if (metric === '') note('training.target.metric', 'is empty; name a metric of the evaluation, for example accuracy')
  if (!Number.isFinite(atLeast)) note('training.target.at_least', `${atLeast} can not be reached; use a finite number`)
  if (holdout === null)
    note('training.target', 'needs held-out data to be evaluated on; add holdout or drop the target')
}

function checkResources(note: Note, resources: JobSpec['resources'], catalogue: Catalogue): void {
  const known = catalogue.deviceModels.map(({ name }) => name)
  const first = new Map<string, number>()
  for (const [i, model] of resources.deviceModels.entries()) {
    const field = `resources.device_models[${i}]`
    if (!known.includes(model)) note(field, unknown(model, known, 'device model'))
    const before = first.get(model)
    if (before === undefined) first.set(model, i)
    else note(field, `${quote(model)} is device_models[${before}] already; name it once`)
  }
  if (!isWhole(resources.workersMaxPerRegion, 0, limits.workersPerRegion)) {
    const value = resources.workersMaxPerRegion
    note('resources.workers_max_per_region', `${wholeNumber(value, 0, limits.workersPerRegion)}; 0 means no limit`)
  }
  for (const [model, value] of Object.entries(resources.samplesPerSecond)) {
    const field = `resources.samples_per_second.${model}`
    if (!known.includes(model)) note(field, unknown(model, known, 'device model'))
    if (!(Number.isFinite(value) && value > 0)) note(field, `${value} is no speed; use a number above 0`)
  }
  if (resources.gpuShare !== undefined) checkShare(note, resources.gpuShare, resources.deviceModels)
}

export function checkShare(note: Note, share: GpuShare, deviceModels: readonly string[]): void {
  const field = 'resources.gpu_share'
  const { requestMilli, limitMilli, memoryBytes, smMilli } = share
  if (!isWhole(requestMilli, 1, 1000)) {
    note(`${field}.request_milli`, `${wholeNumber(requestMilli, 1, 1000)}, thousandths of one GPU`)
  } else if (!isWhole(limitMilli, requestMilli, 1000)) {
    const least = `it is at least the request of ${requestMilli} and at most a whole GPU`
    note(`${field}.limit_milli`, `${wholeNumber(limitMilli, requestMilli, 1000)}; ${least}`)
  }
  if (smMilli !== undefined && !isWhole(smMilli, 1, 1000))
    note(
      `${field}.sm_milli`,
      `${wholeNumber(smMilli, 1, 1000)}, thousandths of its multiprocessors; 0 means all of them`,
    )
  if (!isWhole(memoryBytes, 0, Number.MAX_SAFE_INTEGER)) note(`${field}.memory_bytes`, wholeNumber(memoryBytes, 0))
  if (deviceModels.length > 0 && deviceModels.every((model) => shareOn(model, share) === null)) {
    note(
      field,
      `is of a GPU, and device_models allows ${deviceModels.join(', ')} only; add a GPU, or leave gpu_share out`,
    )
  }
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

function wholeNumber(value: number, min: number, max = Number.MAX_SAFE_INTEGER): string {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return `${value} is out of bounds; use a whole number ${bounds}`
}

function unknown(value: string, known: readonly string[], what: string): string {
  const near = nearestNames(value, known)
  if (near.length > 0) return `${quote(value)} is no ${what}; did you mean ${near.join(' or ')}?`
  return `${quote(value)} is no ${what}; ${oneOf(known.slice(0, 20))}`
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'there is none' : `use ${names.join(' or ')}`
}

/** What someone wrote, short enough for a message. */
function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}
