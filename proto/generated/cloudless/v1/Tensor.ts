// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface Tensor {
  'name'?: (string);
  'shape'?: (number | string | Long)[];
  'length'?: (number | string | Long);
  'group'?: (number);
  'isBuffer'?: (boolean);
  'dtype'?: (string);
}

export interface Tensor__Output {
  'name': (string);
  'shape': (number)[];
  'length': (number);
  'group': (number);
  'isBuffer': (boolean);
  'dtype': (string);
}
