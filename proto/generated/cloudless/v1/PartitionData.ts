// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface PartitionData {
  'partition'?: (string);
  'place'?: (string);
  'dataRegions'?: (string)[];
  'samples'?: (number | string | Long);
}

export interface PartitionData__Output {
  'partition': (string);
  'place': (string);
  'dataRegions': (string)[];
  'samples': (number);
}
