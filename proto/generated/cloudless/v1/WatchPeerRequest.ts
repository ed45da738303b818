// Original file: proto/cloudless/v1/peer.proto

import type { WatchOpen as _cloudless_v1_WatchOpen, WatchOpen__Output as _cloudless_v1_WatchOpen__Output } from '../../cloudless/v1/WatchOpen.ts';
import type { UpdateAck as _cloudless_v1_UpdateAck, UpdateAck__Output as _cloudless_v1_UpdateAck__Output } from '../../cloudless/v1/UpdateAck.ts';
import type { Ping as _cloudless_v1_Ping, Ping__Output as _cloudless_v1_Ping__Output } from '../../cloudless/v1/Ping.ts';

export interface WatchPeerRequest {
  'open'?: (_cloudless_v1_WatchOpen | null);
  'ack'?: (_cloudless_v1_UpdateAck | null);
  'ping'?: (_cloudless_v1_Ping | null);
  'message'?: "open"|"ack"|"ping";
}

export interface WatchPeerRequest__Output {
  'open'?: (_cloudless_v1_WatchOpen__Output | null);
  'ack'?: (_cloudless_v1_UpdateAck__Output | null);
  'ping'?: (_cloudless_v1_Ping__Output | null);
  'message'?: "open"|"ack"|"ping";
}
