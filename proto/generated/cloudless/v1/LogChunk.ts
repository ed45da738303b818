// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface LogChunk {
  'jobId'?: (string);
  'instanceId'?: (string);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface LogChunk__Output {
  'jobId': (string);
  'instanceId': (string);
  'offset': (number);
  'data': (Buffer);
}
