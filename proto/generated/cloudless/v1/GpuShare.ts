// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface GpuShare {
  'requestMilli'?: (number);
  'limitMilli'?: (number);
  'memoryBytes'?: (number | string | Long);
  'smMilli'?: (number);
}

export interface GpuShare__Output {
  'requestMilli': (number);
  'limitMilli': (number);
  'memoryBytes': (number);
  'smMilli': (number);
}
