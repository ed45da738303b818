// Original file: proto/cloudless/v1/peer.proto

import type { RoundPlan as _cloudless_v1_RoundPlan, RoundPlan__Output as _cloudless_v1_RoundPlan__Output } from '../../cloudless/v1/RoundPlan.ts';
import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from '../../cloudless/v1/TensorLayout.ts';
import type { Payload as _cloudless_v1_Payload, Payload__Output as _cloudless_v1_Payload__Output } from '../../cloudless/v1/Payload.ts';
import type { Long } from '@grpc/proto-loader';

export interface StateSnapshot {
  'round'?: (number | string | Long);
  'term'?: (number | string | Long);
  'plan'?: (_cloudless_v1_RoundPlan | null);
  'included'?: ({[key: string]: number | string | Long});
  'cursors'?: ({[key: string]: Buffer | Uint8Array | string});
  'versions'?: ({[key: string]: number | string | Long});
  'layout'?: (_cloudless_v1_TensorLayout | null);
  'vectors'?: ({[key: string]: _cloudless_v1_Payload});
  'state'?: (Buffer | Uint8Array | string);
}

export interface StateSnapshot__Output {
  'round': (number);
  'term': (number);
  'plan': (_cloudless_v1_RoundPlan__Output | null);
  'included': ({[key: string]: number});
  'cursors': ({[key: string]: Buffer});
  'versions': ({[key: string]: number});
  'layout': (_cloudless_v1_TensorLayout__Output | null);
  'vectors': ({[key: string]: _cloudless_v1_Payload__Output});
  'state': (Buffer);
}
