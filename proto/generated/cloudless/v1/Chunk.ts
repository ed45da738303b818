// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface Chunk {
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'crc32'?: (number);
}

export interface Chunk__Output {
  'offset': (number);
  'data': (Buffer);
  'crc32': (number);
}
