// Original file: proto/cloudless/v1/fleet.proto

import type { Usage as _cloudless_v1_Usage, Usage__Output as _cloudless_v1_Usage__Output } from '../../cloudless/v1/Usage.ts';
import type { Round as _cloudless_v1_Round, Round__Output as _cloudless_v1_Round__Output } from '../../cloudless/v1/Round.ts';
import type { Evaluation as _cloudless_v1_Evaluation, Evaluation__Output as _cloudless_v1_Evaluation__Output } from '../../cloudless/v1/Evaluation.ts';
import type { InstanceEvent as _cloudless_v1_InstanceEvent, InstanceEvent__Output as _cloudless_v1_InstanceEvent__Output } from '../../cloudless/v1/InstanceEvent.ts';
import type { Long } from '@grpc/proto-loader';

export interface JournalRecord {
  'seq'?: (number | string | Long);
  'usage'?: (_cloudless_v1_Usage | null);
  'round'?: (_cloudless_v1_Round | null);
  'evaluation'?: (_cloudless_v1_Evaluation | null);
  'event'?: (_cloudless_v1_InstanceEvent | null);
  'record'?: "usage"|"round"|"evaluation"|"event";
}

export interface JournalRecord__Output {
  'seq': (number);
  'usage'?: (_cloudless_v1_Usage__Output | null);
  'round'?: (_cloudless_v1_Round__Output | null);
  'evaluation'?: (_cloudless_v1_Evaluation__Output | null);
  'event'?: (_cloudless_v1_InstanceEvent__Output | null);
  'record'?: "usage"|"round"|"evaluation"|"event";
}
