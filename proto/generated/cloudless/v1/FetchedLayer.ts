// Original file: proto/cloudless/v1/region.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchedLayer {
  'id'?: (string);
  'fetchedAtMs'?: (number | string | Long);
  'isStale'?: (boolean);
  'regions'?: (string)[];
}

export interface FetchedLayer__Output {
  'id': (string);
  'fetchedAtMs': (number);
  'isStale': (boolean);
  'regions': (string)[];
}
