// Original file: proto/cloudless/v1/peer.proto

import type { UpdateKind as _cloudless_v1_UpdateKind, UpdateKind__Output as _cloudless_v1_UpdateKind__Output } from '../../cloudless/v1/UpdateKind.ts';
import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from '../../cloudless/v1/TensorLayout.ts';
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
  'payloadBytes'?: (number | string | Long);
  'payloadSha256'?: (string);
  'layout'?: (_cloudless_v1_TensorLayout | null);
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
  'payloadBytes': (number);
  'payloadSha256': (string);
  'layout': (_cloudless_v1_TensorLayout__Output | null);
}
