// Original file: proto/cloudless/v1/peer.proto

import type { Payload as _cloudless_v1_Payload, Payload__Output as _cloudless_v1_Payload__Output } from '../../cloudless/v1/Payload.ts';
import type { Long } from '@grpc/proto-loader';

export interface RoundMember {
  'region'?: (string);
  'contributionId'?: (number | string | Long);
  'weight'?: (number | string);
  'payload'?: (_cloudless_v1_Payload | null);
  'cursor'?: (Buffer | Uint8Array | string);
}

export interface RoundMember__Output {
  'region': (string);
  'contributionId': (number);
  'weight': (number);
  'payload': (_cloudless_v1_Payload__Output | null);
  'cursor': (Buffer);
}
