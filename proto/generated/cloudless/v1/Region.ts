// Original file: proto/cloudless/v1/region.proto

import type { AgentState as _cloudless_v1_AgentState, AgentState__Output as _cloudless_v1_AgentState__Output } from '../../cloudless/v1/AgentState.ts';
import type { Offer as _cloudless_v1_Offer, Offer__Output as _cloudless_v1_Offer__Output } from '../../cloudless/v1/Offer.ts';
import type { Long } from '@grpc/proto-loader';

export interface Region {
  'name'?: (string);
  'agentState'?: (_cloudless_v1_AgentState);
  'agentId'?: (string);
  'agentVersion'?: (string);
  'lastHeartbeatAtMs'?: (number | string | Long);
  'offers'?: (_cloudless_v1_Offer)[];
}

export interface Region__Output {
  'name': (string);
  'agentState': (_cloudless_v1_AgentState__Output);
  'agentId': (string);
  'agentVersion': (string);
  'lastHeartbeatAtMs': (number);
  'offers': (_cloudless_v1_Offer__Output)[];
}
