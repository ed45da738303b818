// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface LinkUse {
  'fromRegion'?: (string);
  'toRegion'?: (string);
  'purpose'?: (string);
  'bytes'?: (number | string | Long);
  'usd'?: (number | string);
  'mbitPerSecond'?: (number | string);
  'roundTripMs'?: (number | string);
}

export interface LinkUse__Output {
  'fromRegion': (string);
  'toRegion': (string);
  'purpose': (string);
  'bytes': (number);
  'usd': (number);
  'mbitPerSecond': (number);
  'roundTripMs': (number);
}
