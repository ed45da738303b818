// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface Holdout {
  'region'?: (string);
  'uri'?: (string);
  'samples'?: (number | string | Long);
}

export interface Holdout__Output {
  'region': (string);
  'uri': (string);
  'samples': (number);
}
