// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface Comparison {
  'name'?: (string);
  'jobs'?: (number | string | Long);
  'forbidden'?: (number | string | Long);
  'totalUsd'?: (number | string);
  'actualUsd'?: (number | string);
  'saving'?: (number | string);
}

export interface Comparison__Output {
  'name': (string);
  'jobs': (number);
  'forbidden': (number);
  'totalUsd': (number);
  'actualUsd': (number);
  'saving': (number);
}
