// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface StreamLogsResponse {
  'instanceId'?: (string);
  'region'?: (string);
  'role'?: (string);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface StreamLogsResponse__Output {
  'instanceId': (string);
  'region': (string);
  'role': (string);
  'offset': (number);
  'data': (Buffer);
}
