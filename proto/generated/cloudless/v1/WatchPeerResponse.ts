// Original file: proto/cloudless/v1/peer.proto

import type { UpdateHeader as _cloudless_v1_UpdateHeader, UpdateHeader__Output as _cloudless_v1_UpdateHeader__Output } from '../../cloudless/v1/UpdateHeader.ts';
import type { PeerStatus as _cloudless_v1_PeerStatus, PeerStatus__Output as _cloudless_v1_PeerStatus__Output } from '../../cloudless/v1/PeerStatus.ts';
import type { Ping as _cloudless_v1_Ping, Ping__Output as _cloudless_v1_Ping__Output } from '../../cloudless/v1/Ping.ts';

export interface WatchPeerResponse {
  'header'?: (_cloudless_v1_UpdateHeader | null);
  'status'?: (_cloudless_v1_PeerStatus | null);
  'pong'?: (_cloudless_v1_Ping | null);
  'message'?: "header"|"status"|"pong";
}

export interface WatchPeerResponse__Output {
  'header'?: (_cloudless_v1_UpdateHeader__Output | null);
  'status'?: (_cloudless_v1_PeerStatus__Output | null);
  'pong'?: (_cloudless_v1_Ping__Output | null);
  'message'?: "header"|"status"|"pong";
}
