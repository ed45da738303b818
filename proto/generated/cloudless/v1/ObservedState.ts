// Original file: proto/cloudless/v1/fleet.proto

import type { ObservedInstance as _cloudless_v1_ObservedInstance, ObservedInstance__Output as _cloudless_v1_ObservedInstance__Output } from '../../cloudless/v1/ObservedInstance.ts';
import type { Long } from '@grpc/proto-loader';

export interface ObservedState {
  'instances'?: (_cloudless_v1_ObservedInstance)[];
  'desiredRevision'?: (number | string | Long);
}

export interface ObservedState__Output {
  'instances': (_cloudless_v1_ObservedInstance__Output)[];
  'desiredRevision': (number);
}
