// Original file: proto/cloudless/v1/pipeline.proto

import type { Long } from '@grpc/proto-loader';

export interface StageMeasure {
  'stage'?: (string);
  'answered'?: (number | string | Long);
  'failed'?: (number | string | Long);
  'p50Ms'?: (number | string);
  'p99Ms'?: (number | string);
}

export interface StageMeasure__Output {
  'stage': (string);
  'answered': (number);
  'failed': (number);
  'p50Ms': (number);
  'p99Ms': (number);
}
