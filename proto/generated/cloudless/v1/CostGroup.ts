// Original file: proto/cloudless/v1/cost.proto

import type { CostAmounts as _cloudless_v1_CostAmounts, CostAmounts__Output as _cloudless_v1_CostAmounts__Output } from '../../cloudless/v1/CostAmounts.ts';

export interface CostGroup {
  'key'?: (string)[];
  'amounts'?: (_cloudless_v1_CostAmounts | null);
  'share'?: (number | string);
}

export interface CostGroup__Output {
  'key': (string)[];
  'amounts': (_cloudless_v1_CostAmounts__Output | null);
  'share': (number);
}
