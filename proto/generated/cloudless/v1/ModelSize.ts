// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface ModelSize {
  'updateBytes'?: (number | string | Long);
  'samplesPerStep'?: (number | string);
}

export interface ModelSize__Output {
  'updateBytes': (number);
  'samplesPerStep': (number);
}
