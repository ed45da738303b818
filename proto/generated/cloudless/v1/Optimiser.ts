// Original file: proto/cloudless/v1/peer.proto

import type { ParameterGroup as _cloudless_v1_ParameterGroup, ParameterGroup__Output as _cloudless_v1_ParameterGroup__Output } from '../../cloudless/v1/ParameterGroup.ts';

export interface Optimiser {
  'kind'?: (string);
  'groups'?: (_cloudless_v1_ParameterGroup)[];
}

export interface Optimiser__Output {
  'kind': (string);
  'groups': (_cloudless_v1_ParameterGroup__Output)[];
}
