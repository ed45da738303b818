// Words of the model and of the wire, both ways. The tables are complete by type: a new word does not compile until it
// is here.
import type { DeviceSharing__Output } from '#proto/generated/cloudless/v1/DeviceSharing.ts'
import type { JobState__Output } from '#proto/generated/cloudless/v1/JobState.ts'
import type { InstanceRole__Output } from '#proto/generated/cloudless/v1/InstanceRole.ts'
import type { InstanceState__Output } from '#proto/generated/cloudless/v1/InstanceState.ts'
import type { PartitionPhase__Output } from '#proto/generated/cloudless/v1/PartitionPhase.ts'
import type { PlanOutcome__Output } from '#proto/generated/cloudless/v1/PlanOutcome.ts'
import type { UsageKind__Output } from '#proto/generated/cloudless/v1/UsageKind.ts'
import type { JobState } from '#control-plane/model/job.ts'
import type { UsageKind } from '#control-plane/model/ledger.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { DeviceSharing, InstanceRole, InstanceState, PartitionPhase } from '#control-plane/model/snapshot.ts'

export const wireJobState: Readonly<Record<JobState, JobState__Output>> = {
  pending: 'JOB_STATE_PENDING',
  starting: 'JOB_STATE_STARTING',
  running: 'JOB_STATE_RUNNING',
  finishing: 'JOB_STATE_FINISHING',
  cancelling: 'JOB_STATE_CANCELLING',
  succeeded: 'JOB_STATE_SUCCEEDED',
  failed: 'JOB_STATE_FAILED',
  cancelled: 'JOB_STATE_CANCELLED',
}

/** `planned` has no word on the wire: an agent never saw it. */
export const wireInstanceState: Readonly<Record<Exclude<InstanceState, 'planned'>, InstanceState__Output>> = {
  starting: 'INSTANCE_STATE_STARTING',
  running: 'INSTANCE_STATE_RUNNING',
  'backing-off': 'INSTANCE_STATE_BACKING_OFF',
  stopping: 'INSTANCE_STATE_STOPPING',
  completed: 'INSTANCE_STATE_COMPLETED',
  failed: 'INSTANCE_STATE_FAILED',
  stopped: 'INSTANCE_STATE_STOPPED',
}

export const wirePhase: Readonly<Record<PartitionPhase, PartitionPhase__Output>> = {
  starting: 'PARTITION_PHASE_STARTING',
  training: 'PARTITION_PHASE_TRAINING',
  draining: 'PARTITION_PHASE_DRAINING',
  evaluating: 'PARTITION_PHASE_EVALUATING',
  finished: 'PARTITION_PHASE_FINISHED',
  failed: 'PARTITION_PHASE_FAILED',
}

export const wireRole: Readonly<Record<InstanceRole, InstanceRole__Output>> = {
  'parameter-server': 'INSTANCE_ROLE_PARAMETER_SERVER',
  worker: 'INSTANCE_ROLE_WORKER',
  'data-server': 'INSTANCE_ROLE_DATA_SERVER',
  'data-stager': 'INSTANCE_ROLE_DATA_STAGER',
  inference: 'INSTANCE_ROLE_INFERENCE',
}

/** A device without a word is handed out whole. */
export const wireSharing: Readonly<Record<DeviceSharing, DeviceSharing__Output>> = {
  interposer: 'DEVICE_SHARING_INTERPOSER',
  'interposer-mps': 'DEVICE_SHARING_INTERPOSER_MPS',
}

export const wireUsageKind: Readonly<Record<UsageKind, UsageKind__Output>> = {
  'device-seconds': 'USAGE_KIND_DEVICE_SECONDS',
  'wan-bytes': 'USAGE_KIND_WAN_BYTES',
  'storage-byte-seconds': 'USAGE_KIND_STORAGE_BYTE_SECONDS',
}

export const wireOutcome: Readonly<Record<Plan['outcome'], PlanOutcome__Output>> = {
  placed: 'PLAN_OUTCOME_PLACED',
  waiting: 'PLAN_OUTCOME_WAITING',
  impossible: 'PLAN_OUTCOME_IMPOSSIBLE',
}

/** The model's word; null for UNSPECIFIED and for words of a newer version. */
export function fromWire<Word extends string>(table: Readonly<Record<Word, string>>, wire: unknown): Word | null {
  const words = Object.keys(table) as Word[]
  return words.find((word) => table[word] === wire) ?? null
}
