// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface Chunk {
  'seq'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'crc32'?: (number);
}

export interface Chunk__Output {
  'seq': (number);
  'offset': (number);
  'data': (Buffer);
  'crc32': (number);
}
