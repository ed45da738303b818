// What an agent tells of one instance, as it goes over the wire.
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { InstanceState } from '#proto/generated/cloudless/v1/InstanceState.ts'
import type { ObservedInstance } from '#proto/generated/cloudless/v1/ObservedInstance.ts'
import type { Device as WireDevice } from '#proto/generated/cloudless/v1/Device.ts'
import type { DeviceSharing } from '#proto/generated/cloudless/v1/DeviceSharing.ts'
import type { Desired } from './desired.ts'
import type { Device, Sharing } from './devices.ts'
import type { InstanceLife, LifeState } from './instance-life.ts'
import type { ServingReport } from './serving-status.ts'

/** What a parameter server last said, and what its workers evaluated. */
export type Report = {
  readonly attempt: number
  /** What was said before the job was resumed counts no more. */
  readonly resumption: number
  readonly status: InstanceStatus__Output | null
  readonly evaluation: Readonly<Record<string, number>>
}

const wireStates: Readonly<Record<LifeState, InstanceState & string>> = {
  starting: 'INSTANCE_STATE_STARTING',
  running: 'INSTANCE_STATE_RUNNING',
  'backing-off': 'INSTANCE_STATE_BACKING_OFF',
  stopping: 'INSTANCE_STATE_STOPPING',
  completed: 'INSTANCE_STATE_COMPLETED',
  failed: 'INSTANCE_STATE_FAILED',
  stopped: 'INSTANCE_STATE_STOPPED',
}

/** `trouble`: why the agent cannot write its journal; it explains instances that wait. */
export function observedInstance(
  life: InstanceLife,
  report: Report | null,
  modelDigest: string,
  trouble: string,
  serving: ServingReport | null = null,
): ObservedInstance {
  const { run } = life
  // An address counts only while the run that listens there lives.
  const isCurrent = run !== null && report !== null && report.attempt === run.attempt
  return {
    id: life.id,
    jobId: life.jobId,
    state: wireStates[life.state],
    attempt: life.attempt,
    reason: life.reason === '' && life.state !== 'running' ? trouble : life.reason,
    deviceId: run?.slices.map(({ deviceId }) => deviceId).join(',') ?? '',
    units: run?.slices.reduce((sum, { units }) => sum + units, 0) ?? 0,
    endpoint: serving?.endpoint ?? (isCurrent ? (report.status?.endpoint ?? '') : ''),
    progress: report?.status?.progress ?? null,
    evaluation: { ...report?.evaluation },
    firstStepAtMs: report?.status?.firstStepAtMs ?? 0,
    modelDigest,
    resumption: life.instance.resumption,
    staging: report?.status?.staging ?? null,
    serving: serving?.status ?? null,
  }
}

export function refusedInstance(refused: Desired['refused'][number]): ObservedInstance {
  return { ...refused, state: 'INSTANCE_STATE_FAILED', attempt: 0 }
}

export function waitingInstance(instance: Desired['instances'][number], reason: string): ObservedInstance {
  const { id, jobId, resumption } = instance
  return { id, jobId, resumption, state: 'INSTANCE_STATE_STARTING', attempt: 0, reason }
}

const wireSharing: Readonly<Record<Sharing, DeviceSharing & string>> = {
  whole: 'DEVICE_SHARING_UNSPECIFIED',
  interposer: 'DEVICE_SHARING_INTERPOSER',
  'interposer-mps': 'DEVICE_SHARING_INTERPOSER_MPS',
}

export function wireDevice({ id, model, units, memoryBytes, sharing = 'whole' }: Device): WireDevice {
  return { id, model, units, memoryBytes, sharing: wireSharing[sharing] }
}
