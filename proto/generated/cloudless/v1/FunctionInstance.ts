// Original file: proto/cloudless/v1/function.proto

import type { Long } from '@grpc/proto-loader';

export interface FunctionInstance {
  'id'?: (string);
  'region'?: (string);
  'deviceId'?: (string);
  'deviceModel'?: (string);
  'attempt'?: (number);
  'state'?: (string);
  'reason'?: (string);
  'endpoint'?: (string);
  'requestsPerSecond'?: (number | string);
  'latencyMs'?: (number | string);
  'requests'?: (number | string | Long);
  'overSlo'?: (number | string | Long);
}

export interface FunctionInstance__Output {
  'id': (string);
  'region': (string);
  'deviceId': (string);
  'deviceModel': (string);
  'attempt': (number);
  'state': (string);
  'reason': (string);
  'endpoint': (string);
  'requestsPerSecond': (number);
  'latencyMs': (number);
  'requests': (number);
  'overSlo': (number);
}
