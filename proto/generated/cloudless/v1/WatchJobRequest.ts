// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchJobRequest {
  'id'?: (string);
  'startRevision'?: (number | string | Long);
}

export interface WatchJobRequest__Output {
  'id': (string);
  'startRevision': (number);
}
