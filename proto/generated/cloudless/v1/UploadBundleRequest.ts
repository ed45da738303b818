// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface UploadBundleRequest {
  'digest'?: (string);
  'totalBytes'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface UploadBundleRequest__Output {
  'digest': (string);
  'totalBytes': (number);
  'data': (Buffer);
}
