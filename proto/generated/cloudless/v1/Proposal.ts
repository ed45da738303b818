// Original file: proto/cloudless/v1/peer.proto

import type { RoundMember as _cloudless_v1_RoundMember, RoundMember__Output as _cloudless_v1_RoundMember__Output } from '../../cloudless/v1/RoundMember.ts';
import type { Payload as _cloudless_v1_Payload, Payload__Output as _cloudless_v1_Payload__Output } from '../../cloudless/v1/Payload.ts';
import type { RoundPlan as _cloudless_v1_RoundPlan, RoundPlan__Output as _cloudless_v1_RoundPlan__Output } from '../../cloudless/v1/RoundPlan.ts';
import type { Long } from '@grpc/proto-loader';

export interface Proposal {
  'term'?: (number | string | Long);
  'round'?: (number | string | Long);
  'hub'?: (string);
  'members'?: (_cloudless_v1_RoundMember)[];
  'absent'?: ({[key: string]: string});
  'result'?: (_cloudless_v1_Payload | null);
  'plan'?: (_cloudless_v1_RoundPlan | null);
  'isFinal'?: (boolean);
  'fragment'?: (number);
}

export interface Proposal__Output {
  'term': (number);
  'round': (number);
  'hub': (string);
  'members': (_cloudless_v1_RoundMember__Output)[];
  'absent': ({[key: string]: string});
  'result': (_cloudless_v1_Payload__Output | null);
  'plan': (_cloudless_v1_RoundPlan__Output | null);
  'isFinal': (boolean);
  'fragment': (number);
}
