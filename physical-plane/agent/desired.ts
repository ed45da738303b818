// What the control plane wants of this agent, decoded at the border. An instance that cannot be run as asked is refused
// by name and reported as failed; the others are not held up by it.
import type { AddressBook__Output } from '#proto/generated/cloudless/v1/AddressBook.ts'
import type { DesiredInstance__Output } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import type { DesiredState__Output } from '#proto/generated/cloudless/v1/DesiredState.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { InstanceRole__Output } from '#proto/generated/cloudless/v1/InstanceRole.ts'
import type { PipelineSpec__Output } from '#proto/generated/cloudless/v1/PipelineSpec.ts'
import type { GpuShare__Output } from '#proto/generated/cloudless/v1/GpuShare.ts'
import type { JobSpec__Output } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { PartitionData__Output } from '#proto/generated/cloudless/v1/PartitionData.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { SliceShare } from '#physical-plane/runtime/runtime.ts'

export type Role = 'parameter-server' | 'worker' | 'data-server' | 'data-stager' | 'inference'

export type DesiredInstance = {
  readonly id: string
  readonly jobId: string
  readonly role: Role
  /** Nothing is set in it for a function that answers requests. */
  readonly spec: JobSpec__Output
  /** What a function is run with; null for what belongs to a job. */
  readonly inference: InferenceSpec__Output | null
  /** Where it runs. */
  readonly region: string
  /** The name of its partition, which is another region's once it was moved. */
  readonly partition: string
  /** How often the partition was moved. */
  readonly moves: number
  /** All partitions of the job; none of a worker. */
  readonly partitions: readonly PartitionData__Output[]
  /** Where the checkpoints lie that it goes on from; '' where they are here, or nowhere. */
  readonly checkpointFrom: string
  readonly deviceModel: string
  readonly units: number
  /** What it takes of each of its GPUs; null: all of it. */
  readonly gpuShare: SliceShare | null
  readonly workers: number
  readonly dataShare: number
  readonly drain: boolean
  readonly uploadsModel: boolean
  /** How often its job was resumed: one that ended under a lower number begins again. */
  readonly resumption: number
}

export type Desired = {
  readonly revision: number
  /** What gives data first, then what fetches it, parameter servers and workers; each in ascending order of id. */
  readonly instances: readonly DesiredInstance[]
  readonly refused: readonly RefusedInstance[]
  readonly addressBooks: readonly AddressBook__Output[]
  /** What this region has of these jobs stays, although nothing of them runs here. */
  readonly keptJobIds: ReadonlySet<string>
  /** What the gateway here answers for, with or without instances. */
  readonly functions: readonly { readonly id: string; readonly spec: InferenceSpec__Output }[]
  readonly pipelines: readonly { readonly id: string; readonly spec: PipelineSpec__Output }[]
}

export type RefusedInstance = Pick<DesiredInstance, 'id' | 'jobId' | 'resumption'> & { readonly reason: string }

export const nothingDesired: Desired = {
  revision: 0,
  instances: [],
  refused: [],
  addressBooks: [],
  keptJobIds: new Set(),
  functions: [],
  pipelines: [],
}

export function decodeDesired(state: DesiredState__Output, region: string): Desired {
  const instances: DesiredInstance[] = []
  const refused: RefusedInstance[] = []
  const seen = new Set<string>()
  for (const wire of state.instances) {
    const reason = seen.has(wire.id) ? 'instance.id appears twice' : fault(wire, region)
    seen.add(wire.id)
    const { id, jobId, resumption } = wire
    if (reason !== null) refused.push({ id, jobId, resumption, reason })
    else instances.push(decodeInstance(wire))
  }
  instances.sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role) || (a.id < b.id ? -1 : 1))
  const { revision, addressBooks, keptJobIds } = state
  return {
    revision,
    instances,
    refused,
    addressBooks,
    keptJobIds: new Set(keptJobIds),
    functions: state.functions.flatMap(withSpec<InferenceSpec__Output>),
    pipelines: state.pipelines.flatMap(withSpec<PipelineSpec__Output>),
  }
}

function withSpec<Spec>({ id, spec }: { readonly id: string; readonly spec: Spec | null }) {
  return spec === null ? [] : [{ id, spec }]
}

const order: readonly Role[] = ['data-server', 'data-stager', 'parameter-server', 'worker', 'inference']

const roles: Partial<Record<InstanceRole__Output, Role>> = {
  INSTANCE_ROLE_PARAMETER_SERVER: 'parameter-server',
  INSTANCE_ROLE_WORKER: 'worker',
  INSTANCE_ROLE_DATA_SERVER: 'data-server',
  INSTANCE_ROLE_DATA_STAGER: 'data-stager',
  INSTANCE_ROLE_INFERENCE: 'inference',
}

const nothing = Buffer.alloc(0)

function decodeInstance(wire: DesiredInstance__Output): DesiredInstance {
  const { id, jobId, region, deviceModel, units, workers, dataShare, drain, uploadsModel, resumption } = wire
  const partition = wire.partition === '' ? region : wire.partition
  const { moves, partitions, checkpointFrom, gpuShare } = wire
  // `fault` has seen that the role is known.
  const role = roles[wire.role]!
  const inference = role === 'inference' ? wire.inference : null
  // `fault` has seen that there is a spec of a job or of a function.
  const spec = wire.spec ?? messageDefinition<object, JobSpec__Output>('cloudless.v1.JobSpec').deserialize(nothing)
  const part = { region, partition, moves, partitions, dataShare, checkpointFrom }
  return {
    id,
    jobId,
    role,
    spec,
    inference,
    ...part,
    deviceModel,
    units,
    gpuShare: gpuShare === null ? null : shareOf(gpuShare),
    workers,
    drain,
    uploadsModel,
    resumption,
  }
}

function fault(wire: DesiredInstance__Output, region: string): string | null {
  const name = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/
  // What was moved has its place in its id: "j-4k2/onprem/lab@aws/us-east-1.1/ps".
  const namePart = /^[a-zA-Z0-9][a-zA-Z0-9._@-]*$/
  const isSafeId = wire.id.length <= 200 && wire.id.split('/').every((part) => namePart.test(part))
  if (!isSafeId) return `instance.id ${JSON.stringify(wire.id)} must be letters, digits, '.', '_', '-', '@' and '/'`
  if (!name.test(wire.jobId) || wire.jobId.length > 100)
    return `instance.job_id ${JSON.stringify(wire.jobId)} must be letters, digits, '.', '_' and '-'`
  if (wire.region !== region) return `instance.region is ${wire.region}, but this agent runs ${region}`
  const role = roles[wire.role]
  if (role === undefined) return `instance.role ${wire.role} is not one this agent knows; update the agent`
  const wrongShare = shareFault(wire)
  if (wrongShare !== null) return wrongShare
  if (role === 'inference') return inferenceFault(wire) ?? unitsFault(wire, role)
  if (wire.spec === null) return 'instance.spec is missing'
  if (role !== 'worker') return null
  return wire.spec.function === null ? 'instance.spec.function is missing' : unitsFault(wire, role)
}

const knownPer: readonly unknown[] = ['SLO_PER_UNSPECIFIED', 'SLO_PER_REQUEST', 'SLO_PER_TOKEN']

function inferenceFault({ inference }: DesiredInstance__Output): string | null {
  if (inference === null) return 'instance.inference is missing'
  const per = inference.slo?.per ?? 'SLO_PER_REQUEST'
  return knownPer.includes(per)
    ? null
    : `instance.inference.slo.per ${per} is not one this agent knows; update the agent`
}

function unitsFault({ units }: DesiredInstance__Output, role: Role): string | null {
  return Number.isInteger(units) && units >= 1 ? null : `instance.units is ${units}; ${role} needs at least 1`
}

/** All multiprocessors are what nobody has said. */
function shareOf({ requestMilli, limitMilli, memoryBytes, smMilli }: GpuShare__Output): SliceShare {
  const part = smMilli === 0 || smMilli === 1_000 ? {} : { smMilli }
  return { requestMilli, limitMilli, memoryBytes, ...part }
}

function shareFault({ id, gpuShare, deviceModel }: DesiredInstance__Output): string | null {
  if (gpuShare === null) return null
  const { requestMilli, limitMilli, memoryBytes, smMilli } = gpuShare
  if (requestMilli < 1 || requestMilli > 1_000)
    return `instance.gpu_share.request_milli of ${id} is ${requestMilli}; it must be from 1 to 1000`
  if (limitMilli < requestMilli || limitMilli > 1_000)
    return `instance.gpu_share.limit_milli of ${id} is ${limitMilli}; it must be from its request, ${requestMilli}, to 1000`
  if (smMilli > 1_000)
    return `instance.gpu_share.sm_milli of ${id} is ${smMilli}; it must be from 1 to 1000, or 0 for all multiprocessors`
  if (memoryBytes < 0) return `instance.gpu_share.memory_bytes of ${id} is ${memoryBytes}; it must be at least 0`
  if (deviceModel === 'cpu') return `instance.gpu_share of ${id} is of cpu; only GPUs have shares`
  return null
}
