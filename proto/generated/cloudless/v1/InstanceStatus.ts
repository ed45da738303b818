// Original file: proto/cloudless/v1/instance.proto

import type { PartitionProgress as _cloudless_v1_PartitionProgress, PartitionProgress__Output as _cloudless_v1_PartitionProgress__Output } from '../../cloudless/v1/PartitionProgress.ts';
import type { WorkerUse as _cloudless_v1_WorkerUse, WorkerUse__Output as _cloudless_v1_WorkerUse__Output } from '../../cloudless/v1/WorkerUse.ts';
import type { StagingProgress as _cloudless_v1_StagingProgress, StagingProgress__Output as _cloudless_v1_StagingProgress__Output } from '../../cloudless/v1/StagingProgress.ts';
import type { ServingStatus as _cloudless_v1_ServingStatus, ServingStatus__Output as _cloudless_v1_ServingStatus__Output } from '../../cloudless/v1/ServingStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface InstanceStatus {
  'endpoint'?: (string);
  'workerEndpoint'?: (string);
  'progress'?: (_cloudless_v1_PartitionProgress | null);
  'wanBytesSent'?: ({[key: string]: number | string | Long});
  'firstStepAtMs'?: (number | string | Long);
  'modelPath'?: (string);
  'stalledWorkers'?: (string)[];
  'joinedWorkers'?: (string)[];
  'isTrainingOver'?: (boolean);
  'workers'?: (_cloudless_v1_WorkerUse)[];
  'staging'?: (_cloudless_v1_StagingProgress | null);
  'wanBytesFetched'?: ({[key: string]: number | string | Long});
  'wanBytesOfCheckpoints'?: ({[key: string]: number | string | Long});
  'serving'?: (_cloudless_v1_ServingStatus | null);
}

export interface InstanceStatus__Output {
  'endpoint': (string);
  'workerEndpoint': (string);
  'progress': (_cloudless_v1_PartitionProgress__Output | null);
  'wanBytesSent': ({[key: string]: number});
  'firstStepAtMs': (number);
  'modelPath': (string);
  'stalledWorkers': (string)[];
  'joinedWorkers': (string)[];
  'isTrainingOver': (boolean);
  'workers': (_cloudless_v1_WorkerUse__Output)[];
  'staging': (_cloudless_v1_StagingProgress__Output | null);
  'wanBytesFetched': ({[key: string]: number});
  'wanBytesOfCheckpoints': ({[key: string]: number});
  'serving': (_cloudless_v1_ServingStatus__Output | null);
}
