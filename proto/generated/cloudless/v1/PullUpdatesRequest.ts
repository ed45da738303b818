// Original file: proto/cloudless/v1/peer.proto

import type { PullOpen as _cloudless_v1_PullOpen, PullOpen__Output as _cloudless_v1_PullOpen__Output } from '../../cloudless/v1/PullOpen.ts';
import type { PullAck as _cloudless_v1_PullAck, PullAck__Output as _cloudless_v1_PullAck__Output } from '../../cloudless/v1/PullAck.ts';

export interface PullUpdatesRequest {
  'open'?: (_cloudless_v1_PullOpen | null);
  'ack'?: (_cloudless_v1_PullAck | null);
  'message'?: "open"|"ack";
}

export interface PullUpdatesRequest__Output {
  'open'?: (_cloudless_v1_PullOpen__Output | null);
  'ack'?: (_cloudless_v1_PullAck__Output | null);
  'message'?: "open"|"ack";
}
