// Original file: proto/cloudless/v1/fleet.proto

import type { InstanceRole as _cloudless_v1_InstanceRole, InstanceRole__Output as _cloudless_v1_InstanceRole__Output } from '../../cloudless/v1/InstanceRole.ts';
import type { JobSpec as _cloudless_v1_JobSpec, JobSpec__Output as _cloudless_v1_JobSpec__Output } from '../../cloudless/v1/JobSpec.ts';
import type { PartitionData as _cloudless_v1_PartitionData, PartitionData__Output as _cloudless_v1_PartitionData__Output } from '../../cloudless/v1/PartitionData.ts';
import type { GpuShare as _cloudless_v1_GpuShare, GpuShare__Output as _cloudless_v1_GpuShare__Output } from '../../cloudless/v1/GpuShare.ts';
import type { InferenceSpec as _cloudless_v1_InferenceSpec, InferenceSpec__Output as _cloudless_v1_InferenceSpec__Output } from '../../cloudless/v1/InferenceSpec.ts';

export interface DesiredInstance {
  'id'?: (string);
  'jobId'?: (string);
  'role'?: (_cloudless_v1_InstanceRole);
  'spec'?: (_cloudless_v1_JobSpec | null);
  'region'?: (string);
  'deviceModel'?: (string);
  'units'?: (number);
  'workers'?: (number);
  'dataShare'?: (number | string);
  'drain'?: (boolean);
  'uploadsModel'?: (boolean);
  'usdPerUnitHour'?: (number | string);
  'resumption'?: (number);
  'partition'?: (string);
  'market'?: (string);
  'zone'?: (string);
  'instanceType'?: (string);
  'moves'?: (number);
  'partitions'?: (_cloudless_v1_PartitionData)[];
  'checkpointFrom'?: (string);
  'gpuShare'?: (_cloudless_v1_GpuShare | null);
  'inference'?: (_cloudless_v1_InferenceSpec | null);
}

export interface DesiredInstance__Output {
  'id': (string);
  'jobId': (string);
  'role': (_cloudless_v1_InstanceRole__Output);
  'spec': (_cloudless_v1_JobSpec__Output | null);
  'region': (string);
  'deviceModel': (string);
  'units': (number);
  'workers': (number);
  'dataShare': (number);
  'drain': (boolean);
  'uploadsModel': (boolean);
  'usdPerUnitHour': (number);
  'resumption': (number);
  'partition': (string);
  'market': (string);
  'zone': (string);
  'instanceType': (string);
  'moves': (number);
  'partitions': (_cloudless_v1_PartitionData__Output)[];
  'checkpointFrom': (string);
  'gpuShare': (_cloudless_v1_GpuShare__Output | null);
  'inference': (_cloudless_v1_InferenceSpec__Output | null);
}
