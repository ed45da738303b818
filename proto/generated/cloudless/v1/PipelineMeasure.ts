// Original file: proto/cloudless/v1/pipeline.proto

import type { StageMeasure as _cloudless_v1_StageMeasure, StageMeasure__Output as _cloudless_v1_StageMeasure__Output } from '../../cloudless/v1/StageMeasure.ts';
import type { Long } from '@grpc/proto-loader';

export interface PipelineMeasure {
  'id'?: (string);
  'region'?: (string);
  'arrived'?: (number | string | Long);
  'answered'?: (number | string | Long);
  'failed'?: (number | string | Long);
  'refused'?: (number | string | Long);
  'overSlo'?: (number | string | Long);
  'requestsPerSecond'?: (number | string);
  'p50Ms'?: (number | string);
  'p99Ms'?: (number | string);
  'burnFiveMinutes'?: (number | string);
  'burnOneHour'?: (number | string);
  'stages'?: (_cloudless_v1_StageMeasure)[];
}

export interface PipelineMeasure__Output {
  'id': (string);
  'region': (string);
  'arrived': (number);
  'answered': (number);
  'failed': (number);
  'refused': (number);
  'overSlo': (number);
  'requestsPerSecond': (number);
  'p50Ms': (number);
  'p99Ms': (number);
  'burnFiveMinutes': (number);
  'burnOneHour': (number);
  'stages': (_cloudless_v1_StageMeasure__Output)[];
}
