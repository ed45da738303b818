// Original file: proto/cloudless/v1/history.proto

import type { Long } from '@grpc/proto-loader';

export interface InstanceEvent {
  'jobId'?: (string);
  'instanceId'?: (string);
  'attempt'?: (number);
  'kind'?: (string);
  'text'?: (string);
  'atMs'?: (number | string | Long);
}

export interface InstanceEvent__Output {
  'jobId': (string);
  'instanceId': (string);
  'attempt': (number);
  'kind': (string);
  'text': (string);
  'atMs': (number);
}
