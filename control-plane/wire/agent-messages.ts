// What an agent says: decoded and checked before anything else sees it.
import type { AgentHello__Output } from '#proto/generated/cloudless/v1/AgentHello.ts'
import type { Device__Output } from '#proto/generated/cloudless/v1/Device.ts'
import type { FunctionWish__Output } from '#proto/generated/cloudless/v1/FunctionWish.ts'
import type { GpuShare__Output } from '#proto/generated/cloudless/v1/GpuShare.ts'
import type { GatewayEndpoint__Output } from '#proto/generated/cloudless/v1/GatewayEndpoint.ts'
import type { JournalRecord__Output } from '#proto/generated/cloudless/v1/JournalRecord.ts'
import type { ObservedInstance__Output } from '#proto/generated/cloudless/v1/ObservedInstance.ts'
import type { ObservedState__Output } from '#proto/generated/cloudless/v1/ObservedState.ts'
import type { StagingProgress__Output } from '#proto/generated/cloudless/v1/StagingProgress.ts'
import type { Usage__Output } from '#proto/generated/cloudless/v1/Usage.ts'
import type { Evaluation, InstanceEvent, Round } from '#control-plane/model/history.ts'
import { usagePurposes, type Usage } from '#control-plane/model/ledger.ts'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import type { Gateway, Serving } from '#control-plane/model/inference.ts'
import type { Device, InstanceState, PartitionProgress, Staging } from '#control-plane/model/snapshot.ts'
import type { PipelineMeasure } from '#control-plane/model/pipeline.ts'
import { markets } from '#regions/catalogue.ts'
import { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { fromWire, wireInstanceState, wireSharing, wireUsageKind } from './enums.ts'
import { decodeGpuShare } from './gpu-share.ts'
import { decodeServing } from './inference.ts'
import { decodePipelineMeasure } from './pipeline.ts'
import { decodeProgress } from './progress.ts'
import { decodeRound } from './round.ts'

export type Hello = {
  readonly region: string
  readonly agentId: string
  readonly incarnation: number
  readonly version: string
  readonly protocolVersion: number
  readonly devices: readonly Device[]
}

export type Observed = {
  readonly instances: readonly ObservedInstance[]
  readonly desiredRevision: number
  /** None where they are those of the hello. */
  readonly devices: readonly Device[]
  /** Which instances each function should have there, by its id. */
  readonly wishes: Readonly<Record<string, ObservedWish>>
  /** Null while none answers. */
  readonly gateway: Gateway | null
  /** What that sees of those that were asked for. */
  readonly pipelines: readonly PipelineMeasure[]
}

export type ObservedWish = {
  /** `id` '' for one that is to begin; `share` null where its file's will do. */
  readonly instances: readonly { readonly id: string; readonly share: GpuShare | null }[]
  readonly because: string
}

export type ObservedInstance = {
  readonly id: string
  readonly state: Exclude<InstanceState, 'planned'>
  readonly attempt: number
  readonly reason: string
  readonly endpoint: string
  readonly progress: PartitionProgress | null
  readonly firstStepAtMs: number | null
  readonly resumption: number
  readonly staging: Staging | null
  readonly serving: Serving | null
  /** '' before it has one. */
  readonly deviceId: string
}

export type JournalRecord = {
  readonly seq: number
  readonly content:
    | { readonly kind: 'usage'; readonly usage: Usage }
    | { readonly kind: 'round'; readonly round: Round }
    | { readonly kind: 'evaluation'; readonly evaluation: Evaluation }
    | { readonly kind: 'event'; readonly event: InstanceEvent }
}

export function decodeHello(wire: AgentHello__Output): Hello {
  const checks = new Checks()
  const hello: Hello = {
    region: checks.name('hello.region', wire.region, config.regionCharactersMax),
    agentId: checks.name('hello.agent_id', wire.agentId, config.idCharactersMax),
    incarnation: checks.integer('hello.incarnation', wire.incarnation, { min: 1 }),
    version: checks.text('hello.version', wire.version, 100),
    protocolVersion: wire.protocolVersion,
    devices: decodeDevices(checks, 'hello.devices', wire.devices),
  }
  checks.done()
  return hello
}

function decodeDevices(checks: Checks, list: string, wire: readonly Device__Output[]): readonly Device[] {
  const devices = checks.list(list, wire, config.devicesMax).map((device, i) => {
    const field = `${list}[${i}]`
    // Words of a newer version are of no use here: such a device is handed out whole.
    const sharing = fromWire(wireSharing, device.sharing)
    return {
      id: checks.name(`${field}.id`, device.id, config.idCharactersMax),
      model: checks.name(`${field}.model`, device.model, 63),
      units: checks.integer(`${field}.units`, device.units, { min: 1, max: 100_000 }),
      memoryBytes: checks.integer(`${field}.memory_bytes`, device.memoryBytes, { min: 0 }),
      ...besideOf(checks.integer(`${field}.beside_bytes`, device.besideBytes, { min: 0 })),
      market: checks.oneOf(`${field}.market`, device.market === '' ? 'on-demand' : device.market, markets),
      zone: checks.text(`${field}.zone`, device.zone, 63),
      instanceType: checks.text(`${field}.instance_type`, device.instanceType, 63),
      endsAtMs: device.endsAtMs === 0 ? null : checks.integer(`${field}.ends_at_ms`, device.endsAtMs, { min: 0 }),
      ...(sharing === null ? {} : { sharing }),
    }
  })
  const ids = new Set(devices.map((device) => device.id))
  if (ids.size < devices.length) checks.note(list, 'two devices have the same id; name each once')
  return devices
}

function besideOf(besideBytes: number): Pick<Device, 'besideBytes'> {
  return besideBytes === 0 ? {} : { besideBytes }
}

export function decodeObserved(wire: ObservedState__Output): Observed {
  const checks = new Checks()
  const instances = checks
    .list('observed.instances', wire.instances, config.observedInstancesMax)
    .map((instance, i) => decodeInstance(checks, `observed.instances[${i}]`, instance))
  const devices = decodeDevices(checks, 'observed.devices', wire.devices)
  const wishes = checks
    .list('observed.wishes', Object.entries(wire.wishes), config.wishedFunctionsMax)
    .map(([id, wish]) => [id, decodeWish(checks, `observed.wishes.${id.slice(0, 80)}`, wish)] as const)
  const gateway = wire.gateway === null ? null : decodeGateway(checks, wire.gateway)
  const pipelines = checks
    .list('observed.pipelines', wire.pipelines, config.measuredPipelinesMax)
    .map((each, i) => decodePipelineMeasure(checks, `observed.pipelines[${i}]`, each))
  checks.done()
  const { desiredRevision } = wire
  return {
    instances,
    desiredRevision,
    devices,
    wishes: Object.fromEntries(wishes),
    gateway,
    pipelines,
  }
}

function decodeWish(checks: Checks, field: string, wire: FunctionWish__Output): ObservedWish {
  const instances = checks
    .list(`${field}.instances`, wire.instances, config.wishedInstancesMax)
    .map(({ id, share }, i) => {
      const at = `${field}.instances[${i}]`
      return { id: checks.text(`${at}.id`, id, config.idCharactersMax), share: decodeWishedShare(checks, at, share) }
    })
  return { instances, because: wire.because.slice(0, config.reasonCharactersMax).replaceAll('\0', '') }
}

/** What no device could give is refused here: rooms are worked out with it. */
function decodeWishedShare(checks: Checks, field: string, wire: GpuShare__Output | null): GpuShare | null {
  if (wire === null) return null
  const share = decodeGpuShare(checks, `${field}.share`, wire)
  checks.integer(`${field}.share.request_milli`, share.requestMilli, { min: 1, max: 1000 })
  checks.integer(`${field}.share.limit_milli`, share.limitMilli, { min: share.requestMilli, max: 1000 })
  checks.integer(`${field}.share.sm_milli`, wire.smMilli, { min: 0, max: 1000 })
  return share
}

/** The region is the agent's, whatever it says. */
function decodeGateway(checks: Checks, { http, grpc }: GatewayEndpoint__Output): Gateway {
  return {
    http: checks.text('observed.gateway.http', http, config.idCharactersMax),
    grpc: checks.text('observed.gateway.grpc', grpc, config.idCharactersMax),
  }
}

function decodeInstance(checks: Checks, field: string, wire: ObservedInstance__Output): ObservedInstance {
  const state = fromWire(wireInstanceState, wire.state)
  if (state === null) checks.note(`${field}.state`, `is ${wire.state}; give a state of this version`)
  return {
    id: checks.name(`${field}.id`, wire.id, config.idCharactersMax),
    state: state ?? 'starting',
    attempt: wire.attempt,
    // A function's last words may be long: keep what fits.
    reason: wire.reason.slice(0, config.reasonCharactersMax).replaceAll('\0', ''),
    endpoint: checks.text(`${field}.endpoint`, wire.endpoint, config.idCharactersMax),
    progress: wire.progress === null ? null : decodeProgress(checks, `${field}.progress`, wire.progress),
    firstStepAtMs: wire.firstStepAtMs === 0 ? null : wire.firstStepAtMs,
    resumption: wire.resumption,
    serving: wire.serving === null ? null : decodeServing(checks, `${field}.serving`, wire.serving),
    staging: wire.staging === null ? null : decodeStaging(checks, `${field}.staging`, wire.staging),
    deviceId: checks.text(`${field}.device_id`, wire.deviceId, config.idCharactersMax),
  }
}

function decodeStaging(checks: Checks, field: string, { bytesDone, bytesTotal }: StagingProgress__Output): Staging {
  return {
    bytesDone: checks.integer(`${field}.bytes_done`, bytesDone, { min: 0 }),
    bytesTotal: checks.integer(`${field}.bytes_total`, bytesTotal, { min: 0 }),
  }
}

/** One record at a time, so that a broken one does not hold up the journal. */
export function decodeRecord(wire: JournalRecord__Output, region: string): JournalRecord['content'] {
  const checks = new Checks()
  const content = decodeContent(checks, wire, region)
  checks.done()
  if (content === null) checks.note('record', 'is empty or of a newer version; give usage, round, evaluation or event')
  checks.done()
  return content!
}

function decodeContent(checks: Checks, wire: JournalRecord__Output, region: string): JournalRecord['content'] | null {
  if (wire.usage) return { kind: 'usage', usage: decodeUsage(checks, wire.usage, region) }
  if (wire.round)
    return { kind: 'round', round: decodeRound(checks, wire.round, nameIn(checks, 'round', wire.round, region)) }
  if (wire.evaluation) {
    const { jobId, epoch, metrics, isFinal, atMs } = wire.evaluation
    checks.list('evaluation.metrics', Object.keys(metrics), config.metricsMax)
    for (const name of Object.keys(metrics)) checks.name('evaluation.metrics', name, config.metricNameCharactersMax)
    const partition = nameIn(checks, 'evaluation', wire.evaluation, region)
    return { kind: 'evaluation', evaluation: { jobId, region: partition, epoch, metrics, isFinal, atMs } }
  }
  if (wire.event) {
    const { jobId, instanceId, attempt, kind, text, atMs } = wire.event
    checks.name('event.kind', kind, 63)
    const event = { jobId, instanceId, attempt, kind, text: text.slice(0, config.reasonCharactersMax), atMs }
    return { kind: 'event', event }
  }
  return null
}

/** The partition that tells, by its name: the agent's region unless it was moved there. */
function nameIn(checks: Checks, field: string, wire: { readonly region: string }, region: string): string {
  return wire.region === '' ? region : checks.name(`${field}.region`, wire.region, config.regionCharactersMax)
}

function decodeUsage(checks: Checks, wire: Usage__Output, region: string): Usage {
  const kind = fromWire(wireUsageKind, wire.kind)
  if (kind === null) checks.note('usage.kind', `is ${wire.kind}; give device seconds or WAN bytes`)
  const { id, jobId, instanceId, subject, quantity, fromMs, toMs, attempt } = wire
  checks.name('usage.id', id, config.idCharactersMax)
  const purpose = checks.oneOf('usage.purpose', wire.purpose, usagePurposes)
  const metered = { subject, quantity, fromMs, toMs, attempt, purpose }
  // What it fetched itself from an object store left the region where that is, and came here.
  const isFetched = wire.fromRegion !== ''
  if (isFetched && (kind !== 'wan-bytes' || subject !== region))
    checks.note('usage.from_region', `is ${wire.fromRegion}; only WAN bytes to ${region} are fetched from elsewhere`)
  const left = checks.text('usage.from_region', wire.fromRegion, config.regionCharactersMax)
  return { id, jobId, instanceId, region: isFetched ? left : region, kind: kind ?? 'device-seconds', ...metered }
}
