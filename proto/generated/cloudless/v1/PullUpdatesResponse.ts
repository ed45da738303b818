// Original file: proto/cloudless/v1/peer.proto

import type { UpdateHeader as _cloudless_v1_UpdateHeader, UpdateHeader__Output as _cloudless_v1_UpdateHeader__Output } from '../../cloudless/v1/UpdateHeader.ts';
import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from '../../cloudless/v1/Chunk.ts';

export interface PullUpdatesResponse {
  'header'?: (_cloudless_v1_UpdateHeader | null);
  'chunk'?: (_cloudless_v1_Chunk | null);
  'message'?: "header"|"chunk";
}

export interface PullUpdatesResponse__Output {
  'header'?: (_cloudless_v1_UpdateHeader__Output | null);
  'chunk'?: (_cloudless_v1_Chunk__Output | null);
  'message'?: "header"|"chunk";
}
