// Original file: proto/cloudless/v1/job.proto

import type { PartitionPhase as _cloudless_v1_PartitionPhase, PartitionPhase__Output as _cloudless_v1_PartitionPhase__Output } from '../../cloudless/v1/PartitionPhase.ts';
import type { SyncProgress as _cloudless_v1_SyncProgress, SyncProgress__Output as _cloudless_v1_SyncProgress__Output } from '../../cloudless/v1/SyncProgress.ts';
import type { Long } from '@grpc/proto-loader';

export interface PartitionProgress {
  'region'?: (string);
  'phase'?: (_cloudless_v1_PartitionPhase);
  'epoch'?: (number | string);
  'samplesDone'?: (number | string | Long);
  'samplesTotal'?: (number | string | Long);
  'steps'?: (number | string | Long);
  'loss'?: (number | string);
  'workers'?: (number);
  'rounds'?: (number | string | Long);
  'wanBytesSent'?: (number | string | Long);
  'modelHash'?: (string);
  'samplesPerSecond'?: (number | string);
  'leasesReturned'?: (number | string | Long);
  'sync'?: (_cloudless_v1_SyncProgress | null);
  'workerSpeeds'?: ({[key: string]: number | string});
}

export interface PartitionProgress__Output {
  'region': (string);
  'phase': (_cloudless_v1_PartitionPhase__Output);
  'epoch': (number);
  'samplesDone': (number);
  'samplesTotal': (number);
  'steps': (number);
  'loss': (number);
  'workers': (number);
  'rounds': (number);
  'wanBytesSent': (number);
  'modelHash': (string);
  'samplesPerSecond': (number);
  'leasesReturned': (number);
  'sync': (_cloudless_v1_SyncProgress__Output | null);
  'workerSpeeds': ({[key: string]: number});
}
