// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface RegionCost {
  'region'?: (string);
  'deviceSeconds'?: (number | string);
  'computeUsd'?: (number | string);
  'wanBytesSent'?: (number | string | Long);
  'egressUsd'?: (number | string);
  'totalUsd'?: (number | string);
  'storageUsd'?: (number | string);
}

export interface RegionCost__Output {
  'region': (string);
  'deviceSeconds': (number);
  'computeUsd': (number);
  'wanBytesSent': (number);
  'egressUsd': (number);
  'totalUsd': (number);
  'storageUsd': (number);
}
