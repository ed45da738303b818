// Original file: proto/cloudless/v1/instance.proto

import type { Long } from '@grpc/proto-loader';

export interface RecordsAck {
  'count'?: (number | string | Long);
}

export interface RecordsAck__Output {
  'count': (number);
}
