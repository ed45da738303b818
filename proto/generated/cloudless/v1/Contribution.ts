// Original file: proto/cloudless/v1/peer.proto

import type { Payload as _cloudless_v1_Payload, Payload__Output as _cloudless_v1_Payload__Output } from '../../cloudless/v1/Payload.ts';
import type { Long } from '@grpc/proto-loader';

export interface Contribution {
  'id'?: (number | string | Long);
  'round'?: (number | string | Long);
  'payload'?: (_cloudless_v1_Payload | null);
  'steps'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'cursor'?: (Buffer | Uint8Array | string);
  'codecError'?: (number | string);
  'weight'?: (number | string);
  'planVersion'?: (number | string | Long);
}

export interface Contribution__Output {
  'id': (number);
  'round': (number);
  'payload': (_cloudless_v1_Payload__Output | null);
  'steps': (number);
  'samples': (number);
  'cursor': (Buffer);
  'codecError': (number);
  'weight': (number);
  'planVersion': (number);
}
