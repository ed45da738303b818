// Original file: proto/cloudless/v1/plan.proto

import type { Long } from '@grpc/proto-loader';

export interface Forecast {
  'seconds'?: (number | string);
  'computeUsd'?: (number | string);
  'egressUsd'?: (number | string);
  'totalUsd'?: (number | string);
  'wanBytes'?: (number | string | Long);
  'throughputSource'?: (string);
  'movementSeconds'?: (number | string);
  'movementUsd'?: (number | string);
  'storageUsd'?: (number | string);
  'spotLossUsd'?: (number | string);
}

export interface Forecast__Output {
  'seconds': (number);
  'computeUsd': (number);
  'egressUsd': (number);
  'totalUsd': (number);
  'wanBytes': (number);
  'throughputSource': (string);
  'movementSeconds': (number);
  'movementUsd': (number);
  'storageUsd': (number);
  'spotLossUsd': (number);
}
