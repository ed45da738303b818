// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface IdleSpan {
  'fromMs'?: (number | string | Long);
  'untilMs'?: (number | string | Long);
}

export interface IdleSpan__Output {
  'fromMs': (number);
  'untilMs': (number);
}
