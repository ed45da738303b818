// Original file: proto/cloudless/v1/worker.proto

import type { StepHeader as _cloudless_v1_StepHeader, StepHeader__Output as _cloudless_v1_StepHeader__Output } from '../../cloudless/v1/StepHeader.ts';
import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from '../../cloudless/v1/Chunk.ts';

export interface PushGradientRequest {
  'header'?: (_cloudless_v1_StepHeader | null);
  'chunk'?: (_cloudless_v1_Chunk | null);
}

export interface PushGradientRequest__Output {
  'header': (_cloudless_v1_StepHeader__Output | null);
  'chunk': (_cloudless_v1_Chunk__Output | null);
}
