// Original file: proto/cloudless/v1/peer.proto

import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from '../../cloudless/v1/Chunk.ts';

export interface FetchResponse {
  'chunk'?: (_cloudless_v1_Chunk | null);
}

export interface FetchResponse__Output {
  'chunk': (_cloudless_v1_Chunk__Output | null);
}
