// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface RoundPlan {
  'version'?: (number | string | Long);
  'intervals'?: ({[key: string]: number});
  'codec'?: (string);
  'density'?: (number | string);
  'fragments'?: (number);
  'isFinalNext'?: (boolean);
  'reason'?: (string);
}

export interface RoundPlan__Output {
  'version': (number);
  'intervals': ({[key: string]: number});
  'codec': (string);
  'density': (number);
  'fragments': (number);
  'isFinalNext': (boolean);
  'reason': (string);
}
