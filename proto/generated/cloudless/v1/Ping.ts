// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface Ping {
  'number'?: (number | string | Long);
}

export interface Ping__Output {
  'number': (number);
}
