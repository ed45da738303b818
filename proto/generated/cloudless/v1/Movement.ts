// Original file: proto/cloudless/v1/plan.proto

import type { Long } from '@grpc/proto-loader';

export interface Movement {
  'fromRegion'?: (string);
  'toRegion'?: (string);
  'bytes'?: (number | string | Long);
  'seconds'?: (number | string);
  'usd'?: (number | string);
}

export interface Movement__Output {
  'fromRegion': (string);
  'toRegion': (string);
  'bytes': (number);
  'seconds': (number);
  'usd': (number);
}
