// Original file: proto/cloudless/v1/job.proto

import type { PartitionProgress as _cloudless_v1_PartitionProgress, PartitionProgress__Output as _cloudless_v1_PartitionProgress__Output } from '../../cloudless/v1/PartitionProgress.ts';
import type { RoundTotals as _cloudless_v1_RoundTotals, RoundTotals__Output as _cloudless_v1_RoundTotals__Output } from '../../cloudless/v1/RoundTotals.ts';
import type { Long } from '@grpc/proto-loader';

export interface JobProgress {
  'fraction'?: (number | string);
  'samplesDone'?: (number | string | Long);
  'samplesTotal'?: (number | string | Long);
  'loss'?: (number | string);
  'evaluation'?: ({[key: string]: number | string});
  'rounds'?: (number | string | Long);
  'wanBytes'?: (number | string | Long);
  'partitions'?: (_cloudless_v1_PartitionProgress)[];
  'roundTotals'?: (_cloudless_v1_RoundTotals)[];
}

export interface JobProgress__Output {
  'fraction': (number);
  'samplesDone': (number);
  'samplesTotal': (number);
  'loss': (number);
  'evaluation': ({[key: string]: number});
  'rounds': (number);
  'wanBytes': (number);
  'partitions': (_cloudless_v1_PartitionProgress__Output)[];
  'roundTotals': (_cloudless_v1_RoundTotals__Output)[];
}
