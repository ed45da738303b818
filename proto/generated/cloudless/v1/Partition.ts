// Original file: proto/cloudless/v1/plan.proto

import type { Allocation as _cloudless_v1_Allocation, Allocation__Output as _cloudless_v1_Allocation__Output } from '../../cloudless/v1/Allocation.ts';
import type { Long } from '@grpc/proto-loader';

export interface Partition {
  'region'?: (string);
  'allocations'?: (_cloudless_v1_Allocation)[];
  'samples'?: (number | string | Long);
  'loadPower'?: (number | string);
  'place'?: (string);
  'dataRegions'?: (string)[];
}

export interface Partition__Output {
  'region': (string);
  'allocations': (_cloudless_v1_Allocation__Output)[];
  'samples': (number);
  'loadPower': (number);
  'place': (string);
  'dataRegions': (string)[];
}
