// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface UsageGap {
  'jobId'?: (string);
  'region'?: (string);
  'instanceId'?: (string);
  'attempt'?: (number);
  'fromMs'?: (number | string | Long);
  'toMs'?: (number | string | Long);
  'open'?: (boolean);
  'estimatedUsd'?: (number | string);
}

export interface UsageGap__Output {
  'jobId': (string);
  'region': (string);
  'instanceId': (string);
  'attempt': (number);
  'fromMs': (number);
  'toMs': (number);
  'open': (boolean);
  'estimatedUsd': (number);
}
