// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface DownloadModelResponse {
  'totalBytes'?: (number | string | Long);
  'digest'?: (string);
  'data'?: (Buffer | Uint8Array | string);
}

export interface DownloadModelResponse__Output {
  'totalBytes': (number);
  'digest': (string);
  'data': (Buffer);
}
