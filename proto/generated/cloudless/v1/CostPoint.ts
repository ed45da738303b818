// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface CostPoint {
  'atMs'?: (number | string | Long);
  'totalUsd'?: (number | string);
  'groupUsd'?: (number | string)[];
}

export interface CostPoint__Output {
  'atMs': (number);
  'totalUsd': (number);
  'groupUsd': (number)[];
}
