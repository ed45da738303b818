// Original file: proto/cloudless/v1/function.proto

import type { InferenceSpec as _cloudless_v1_InferenceSpec, InferenceSpec__Output as _cloudless_v1_InferenceSpec__Output } from '../../cloudless/v1/InferenceSpec.ts';
import type { FunctionState as _cloudless_v1_FunctionState, FunctionState__Output as _cloudless_v1_FunctionState__Output } from '../../cloudless/v1/FunctionState.ts';
import type { FunctionInstance as _cloudless_v1_FunctionInstance, FunctionInstance__Output as _cloudless_v1_FunctionInstance__Output } from '../../cloudless/v1/FunctionInstance.ts';
import type { GatewayEndpoint as _cloudless_v1_GatewayEndpoint, GatewayEndpoint__Output as _cloudless_v1_GatewayEndpoint__Output } from '../../cloudless/v1/GatewayEndpoint.ts';
import type { Long } from '@grpc/proto-loader';

export interface Function {
  'id'?: (string);
  'spec'?: (_cloudless_v1_InferenceSpec | null);
  'state'?: (_cloudless_v1_FunctionState);
  'reason'?: (string);
  'instances'?: (_cloudless_v1_FunctionInstance)[];
  'createdAtMs'?: (number | string | Long);
  'revision'?: (number | string | Long);
  'costUsd'?: (number | string);
  'endpoints'?: (_cloudless_v1_GatewayEndpoint)[];
}

export interface Function__Output {
  'id': (string);
  'spec': (_cloudless_v1_InferenceSpec__Output | null);
  'state': (_cloudless_v1_FunctionState__Output);
  'reason': (string);
  'instances': (_cloudless_v1_FunctionInstance__Output)[];
  'createdAtMs': (number);
  'revision': (number);
  'costUsd': (number);
  'endpoints': (_cloudless_v1_GatewayEndpoint__Output)[];
}
