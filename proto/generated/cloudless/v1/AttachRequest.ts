// Original file: proto/cloudless/v1/instance.proto

import type { InstanceHello as _cloudless_v1_InstanceHello, InstanceHello__Output as _cloudless_v1_InstanceHello__Output } from '../../cloudless/v1/InstanceHello.ts';
import type { InstanceStatus as _cloudless_v1_InstanceStatus, InstanceStatus__Output as _cloudless_v1_InstanceStatus__Output } from '../../cloudless/v1/InstanceStatus.ts';
import type { Round as _cloudless_v1_Round, Round__Output as _cloudless_v1_Round__Output } from '../../cloudless/v1/Round.ts';
import type { Evaluation as _cloudless_v1_Evaluation, Evaluation__Output as _cloudless_v1_Evaluation__Output } from '../../cloudless/v1/Evaluation.ts';

export interface AttachRequest {
  'hello'?: (_cloudless_v1_InstanceHello | null);
  'status'?: (_cloudless_v1_InstanceStatus | null);
  'round'?: (_cloudless_v1_Round | null);
  'evaluation'?: (_cloudless_v1_Evaluation | null);
  'message'?: "hello"|"status"|"round"|"evaluation";
}

export interface AttachRequest__Output {
  'hello'?: (_cloudless_v1_InstanceHello__Output | null);
  'status'?: (_cloudless_v1_InstanceStatus__Output | null);
  'round'?: (_cloudless_v1_Round__Output | null);
  'evaluation'?: (_cloudless_v1_Evaluation__Output | null);
  'message'?: "hello"|"status"|"round"|"evaluation";
}
