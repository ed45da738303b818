// Original file: proto/cloudless/v1/function.proto

import type { InferenceSpec as _cloudless_v1_InferenceSpec, InferenceSpec__Output as _cloudless_v1_InferenceSpec__Output } from '../../cloudless/v1/InferenceSpec.ts';

export interface DeployFunctionRequest {
  'spec'?: (_cloudless_v1_InferenceSpec | null);
  'validateOnly'?: (boolean);
}

export interface DeployFunctionRequest__Output {
  'spec': (_cloudless_v1_InferenceSpec__Output | null);
  'validateOnly': (boolean);
}
