// Original file: proto/cloudless/v1/fleet.proto

import type { Peer as _cloudless_v1_Peer, Peer__Output as _cloudless_v1_Peer__Output } from '../../cloudless/v1/Peer.ts';
import type { DataEndpoint as _cloudless_v1_DataEndpoint, DataEndpoint__Output as _cloudless_v1_DataEndpoint__Output } from '../../cloudless/v1/DataEndpoint.ts';
import type { Long } from '@grpc/proto-loader';

export interface AddressBook {
  'jobId'?: (string);
  'epoch'?: (number | string | Long);
  'peers'?: (_cloudless_v1_Peer)[];
  'data'?: (_cloudless_v1_DataEndpoint)[];
  'hub'?: (string);
}

export interface AddressBook__Output {
  'jobId': (string);
  'epoch': (number);
  'peers': (_cloudless_v1_Peer__Output)[];
  'data': (_cloudless_v1_DataEndpoint__Output)[];
  'hub': (string);
}
