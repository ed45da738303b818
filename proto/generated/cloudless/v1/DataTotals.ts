// Original file: proto/cloudless/v1/data.proto

import type { Long } from '@grpc/proto-loader';

export interface DataTotals {
  'files'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  'blockBytes'?: (number);
}

export interface DataTotals__Output {
  'files': (number);
  'bytes': (number);
  'blockBytes': (number);
}
