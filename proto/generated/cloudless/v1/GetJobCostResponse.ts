// Original file: proto/cloudless/v1/cost.proto

import type { CostReport as _cloudless_v1_CostReport, CostReport__Output as _cloudless_v1_CostReport__Output } from '../../cloudless/v1/CostReport.ts';

export interface GetJobCostResponse {
  'report'?: (_cloudless_v1_CostReport | null);
}

export interface GetJobCostResponse__Output {
  'report': (_cloudless_v1_CostReport__Output | null);
}
