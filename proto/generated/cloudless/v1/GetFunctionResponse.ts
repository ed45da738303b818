// Original file: proto/cloudless/v1/function.proto

import type { Function as _cloudless_v1_Function, Function__Output as _cloudless_v1_Function__Output } from '../../cloudless/v1/Function.ts';

export interface GetFunctionResponse {
  'function'?: (_cloudless_v1_Function | null);
}

export interface GetFunctionResponse__Output {
  'function': (_cloudless_v1_Function__Output | null);
}
