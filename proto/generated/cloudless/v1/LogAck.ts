// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface LogAck {
  'instanceId'?: (string);
  'offset'?: (number | string | Long);
}

export interface LogAck__Output {
  'instanceId': (string);
  'offset': (number);
}
