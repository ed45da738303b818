// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface Payload {
  'sha256'?: (string);
  'bytes'?: (number | string | Long);
  'codec'?: (string);
  'elements'?: (number | string | Long);
}

export interface Payload__Output {
  'sha256': (string);
  'bytes': (number);
  'codec': (string);
  'elements': (number);
}
