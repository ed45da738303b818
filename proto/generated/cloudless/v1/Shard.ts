// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface Shard {
  'region'?: (string);
  'uri'?: (string);
  'samples'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  'mayMoveTo'?: (string)[];
}

export interface Shard__Output {
  'region': (string);
  'uri': (string);
  'samples': (number);
  'bytes': (number);
  'mayMoveTo': (string)[];
}
