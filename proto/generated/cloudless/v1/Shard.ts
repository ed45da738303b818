// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface Shard {
  'region'?: (string);
  'uri'?: (string);
  'samples'?: (number | string | Long);
}

export interface Shard__Output {
  'region': (string);
  'uri': (string);
  'samples': (number);
}
