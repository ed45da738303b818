// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface UploadModelRequest {
  'jobId'?: (string);
  'digest'?: (string);
  'totalBytes'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface UploadModelRequest__Output {
  'jobId': (string);
  'digest': (string);
  'totalBytes': (number);
  'data': (Buffer);
}
