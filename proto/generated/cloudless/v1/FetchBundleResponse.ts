// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchBundleResponse {
  'totalBytes'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface FetchBundleResponse__Output {
  'totalBytes': (number);
  'data': (Buffer);
}
