// Original file: proto/cloudless/v1/worker.proto

import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from '../../cloudless/v1/Chunk.ts';
import type { Long } from '@grpc/proto-loader';

export interface PullParametersResponse {
  'version'?: (number | string | Long);
  'chunk'?: (_cloudless_v1_Chunk | null);
}

export interface PullParametersResponse__Output {
  'version': (number);
  'chunk': (_cloudless_v1_Chunk__Output | null);
}
