// Original file: proto/cloudless/v1/fleet.proto

import type { Peer as _cloudless_v1_Peer, Peer__Output as _cloudless_v1_Peer__Output } from '../../cloudless/v1/Peer.ts';
import type { Long } from '@grpc/proto-loader';

export interface AddressBook {
  'jobId'?: (string);
  'epoch'?: (number | string | Long);
  'peers'?: (_cloudless_v1_Peer)[];
}

export interface AddressBook__Output {
  'jobId': (string);
  'epoch': (number);
  'peers': (_cloudless_v1_Peer__Output)[];
}
