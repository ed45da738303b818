// Original file: proto/cloudless/v1/cost.proto

import type { CostAmounts as _cloudless_v1_CostAmounts, CostAmounts__Output as _cloudless_v1_CostAmounts__Output } from '../../cloudless/v1/CostAmounts.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from '../../cloudless/v1/Forecast.ts';
import type { Counterfactual as _cloudless_v1_Counterfactual, Counterfactual__Output as _cloudless_v1_Counterfactual__Output } from '../../cloudless/v1/Counterfactual.ts';
import type { Long } from '@grpc/proto-loader';

export interface JobCost {
  'jobId'?: (string);
  'name'?: (string);
  'owner'?: (string);
  'labels'?: ({[key: string]: string});
  'strategy'?: (string);
  'policy'?: (string);
  'state'?: (string);
  'isFinal'?: (boolean);
  'startedAtMs'?: (number | string | Long);
  'seconds'?: (number | string);
  'amounts'?: (_cloudless_v1_CostAmounts | null);
  'forecast'?: (_cloudless_v1_Forecast | null);
  'planVersion'?: (number | string | Long);
  'counterfactuals'?: (_cloudless_v1_Counterfactual)[];
}

export interface JobCost__Output {
  'jobId': (string);
  'name': (string);
  'owner': (string);
  'labels': ({[key: string]: string});
  'strategy': (string);
  'policy': (string);
  'state': (string);
  'isFinal': (boolean);
  'startedAtMs': (number);
  'seconds': (number);
  'amounts': (_cloudless_v1_CostAmounts__Output | null);
  'forecast': (_cloudless_v1_Forecast__Output | null);
  'planVersion': (number);
  'counterfactuals': (_cloudless_v1_Counterfactual__Output)[];
}
