// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface LinkCost {
  'fromRegion'?: (string);
  'toRegion'?: (string);
  'bytes'?: (number | string | Long);
  'usdPerGb'?: (number | string);
  'egressUsd'?: (number | string);
}

export interface LinkCost__Output {
  'fromRegion': (string);
  'toRegion': (string);
  'bytes': (number);
  'usdPerGb': (number);
  'egressUsd': (number);
}
