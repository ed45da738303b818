// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface JournalAck {
  'seq'?: (number | string | Long);
}

export interface JournalAck__Output {
  'seq': (number);
}
