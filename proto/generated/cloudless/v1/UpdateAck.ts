// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface UpdateAck {
  'durableSeq'?: (number | string | Long);
}

export interface UpdateAck__Output {
  'durableSeq': (number);
}
