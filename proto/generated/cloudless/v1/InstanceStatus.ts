// Original file: proto/cloudless/v1/instance.proto

import type { PartitionProgress as _cloudless_v1_PartitionProgress, PartitionProgress__Output as _cloudless_v1_PartitionProgress__Output } from '../../cloudless/v1/PartitionProgress.ts';
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
}
