// Original file: proto/cloudless/v1/peer.proto

import type { UpdateKind as _cloudless_v1_UpdateKind, UpdateKind__Output as _cloudless_v1_UpdateKind__Output } from '../../cloudless/v1/UpdateKind.ts';
import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from '../../cloudless/v1/TensorLayout.ts';
import type { Payload as _cloudless_v1_Payload, Payload__Output as _cloudless_v1_Payload__Output } from '../../cloudless/v1/Payload.ts';
import type { Long } from '@grpc/proto-loader';

export interface UpdateHeader {
  'region'?: (string);
  'seq'?: (number | string | Long);
  'kind'?: (_cloudless_v1_UpdateKind);
  'round'?: (number | string | Long);
  'steps'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'learningRates'?: (number | string)[];
  'basis'?: ({[key: string]: number | string | Long});
  'mass'?: (number | string);
  'targetRegion'?: (string);
  'layout'?: (_cloudless_v1_TensorLayout | null);
  'payload'?: (_cloudless_v1_Payload | null);
  'cursor'?: (Buffer | Uint8Array | string);
  'codecError'?: (number | string);
}

export interface UpdateHeader__Output {
  'region': (string);
  'seq': (number);
  'kind': (_cloudless_v1_UpdateKind__Output);
  'round': (number);
  'steps': (number);
  'samples': (number);
  'learningRates': (number)[];
  'basis': ({[key: string]: number});
  'mass': (number);
  'targetRegion': (string);
  'layout': (_cloudless_v1_TensorLayout__Output | null);
  'payload': (_cloudless_v1_Payload__Output | null);
  'cursor': (Buffer);
  'codecError': (number);
}
