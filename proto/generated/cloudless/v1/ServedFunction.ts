// Original file: proto/cloudless/v1/fleet.proto

import type { InferenceSpec as _cloudless_v1_InferenceSpec, InferenceSpec__Output as _cloudless_v1_InferenceSpec__Output } from '../../cloudless/v1/InferenceSpec.ts';

export interface ServedFunction {
  'id'?: (string);
  'spec'?: (_cloudless_v1_InferenceSpec | null);
}

export interface ServedFunction__Output {
  'id': (string);
  'spec': (_cloudless_v1_InferenceSpec__Output | null);
}
