// Original file: proto/cloudless/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface PushGradientResponse {
  'version'?: (number | string | Long);
  'leaseLost'?: (boolean);
}

export interface PushGradientResponse__Output {
  'version': (number);
  'leaseLost': (boolean);
}
