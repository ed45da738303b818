// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface CostAmounts {
  'totalUsd'?: (number | string);
  'computeUsd'?: (number | string);
  'egressUsd'?: (number | string);
  'movementUsd'?: (number | string);
  'storageUsd'?: (number | string);
  'startUsd'?: (number | string);
  'redoUsd'?: (number | string);
  'idleUsd'?: (number | string);
  'deviceSeconds'?: (number | string);
  'wanBytes'?: (number | string);
  'storageGbMonths'?: (number | string);
  'entries'?: (number | string | Long);
  'leftSeconds'?: (number | string);
}

export interface CostAmounts__Output {
  'totalUsd': (number);
  'computeUsd': (number);
  'egressUsd': (number);
  'movementUsd': (number);
  'storageUsd': (number);
  'startUsd': (number);
  'redoUsd': (number);
  'idleUsd': (number);
  'deviceSeconds': (number);
  'wanBytes': (number);
  'storageGbMonths': (number);
  'entries': (number);
  'leftSeconds': (number);
}
