// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface PullAck {
  'durableSeq'?: (number | string | Long);
}

export interface PullAck__Output {
  'durableSeq': (number);
}
