// Original file: proto/cloudless/v1/fleet.proto

import type { InstanceState as _cloudless_v1_InstanceState, InstanceState__Output as _cloudless_v1_InstanceState__Output } from '../../cloudless/v1/InstanceState.ts';
import type { PartitionProgress as _cloudless_v1_PartitionProgress, PartitionProgress__Output as _cloudless_v1_PartitionProgress__Output } from '../../cloudless/v1/PartitionProgress.ts';
import type { StagingProgress as _cloudless_v1_StagingProgress, StagingProgress__Output as _cloudless_v1_StagingProgress__Output } from '../../cloudless/v1/StagingProgress.ts';
import type { ServingStatus as _cloudless_v1_ServingStatus, ServingStatus__Output as _cloudless_v1_ServingStatus__Output } from '../../cloudless/v1/ServingStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface ObservedInstance {
  'id'?: (string);
  'jobId'?: (string);
  'state'?: (_cloudless_v1_InstanceState);
  'attempt'?: (number);
  'reason'?: (string);
  'deviceId'?: (string);
  'units'?: (number);
  'endpoint'?: (string);
  'progress'?: (_cloudless_v1_PartitionProgress | null);
  'evaluation'?: ({[key: string]: number | string});
  'firstStepAtMs'?: (number | string | Long);
  'modelDigest'?: (string);
  'resumption'?: (number);
  'staging'?: (_cloudless_v1_StagingProgress | null);
  'serving'?: (_cloudless_v1_ServingStatus | null);
}

export interface ObservedInstance__Output {
  'id': (string);
  'jobId': (string);
  'state': (_cloudless_v1_InstanceState__Output);
  'attempt': (number);
  'reason': (string);
  'deviceId': (string);
  'units': (number);
  'endpoint': (string);
  'progress': (_cloudless_v1_PartitionProgress__Output | null);
  'evaluation': ({[key: string]: number});
  'firstStepAtMs': (number);
  'modelDigest': (string);
  'resumption': (number);
  'staging': (_cloudless_v1_StagingProgress__Output | null);
  'serving': (_cloudless_v1_ServingStatus__Output | null);
}
