// Original file: proto/cloudless/v1/cost.proto

import type { Costs as _cloudless_v1_Costs, Costs__Output as _cloudless_v1_Costs__Output } from '../../cloudless/v1/Costs.ts';

export interface GetCostsResponse {
  'costs'?: (_cloudless_v1_Costs | null);
}

export interface GetCostsResponse__Output {
  'costs': (_cloudless_v1_Costs__Output | null);
}
