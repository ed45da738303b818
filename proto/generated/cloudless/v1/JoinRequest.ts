// Original file: proto/cloudless/v1/worker.proto

import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from '../../cloudless/v1/TensorLayout.ts';

export interface JoinRequest {
  'jobId'?: (string);
  'instanceId'?: (string);
  'attempt'?: (number);
  'protocolVersion'?: (number);
  'sdkVersion'?: (string);
  'layout'?: (_cloudless_v1_TensorLayout | null);
  'sameMachine'?: (boolean);
}

export interface JoinRequest__Output {
  'jobId': (string);
  'instanceId': (string);
  'attempt': (number);
  'protocolVersion': (number);
  'sdkVersion': (string);
  'layout': (_cloudless_v1_TensorLayout__Output | null);
  'sameMachine': (boolean);
}
