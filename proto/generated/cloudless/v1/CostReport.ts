// Original file: proto/cloudless/v1/cost.proto

import type { RegionCost as _cloudless_v1_RegionCost, RegionCost__Output as _cloudless_v1_RegionCost__Output } from '../../cloudless/v1/RegionCost.ts';
import type { LinkCost as _cloudless_v1_LinkCost, LinkCost__Output as _cloudless_v1_LinkCost__Output } from '../../cloudless/v1/LinkCost.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from '../../cloudless/v1/Forecast.ts';

export interface CostReport {
  'jobId'?: (string);
  'seconds'?: (number | string);
  'computeUsd'?: (number | string);
  'egressUsd'?: (number | string);
  'totalUsd'?: (number | string);
  'regions'?: (_cloudless_v1_RegionCost)[];
  'links'?: (_cloudless_v1_LinkCost)[];
  'forecast'?: (_cloudless_v1_Forecast | null);
  'forecastUseEverything'?: (_cloudless_v1_Forecast | null);
  'useEverythingUsd'?: (number | string);
  'saving'?: (number | string);
  'isFinal'?: (boolean);
  'catalogVersion'?: (string);
  'catalogHash'?: (string);
  'storageUsd'?: (number | string);
}

export interface CostReport__Output {
  'jobId': (string);
  'seconds': (number);
  'computeUsd': (number);
  'egressUsd': (number);
  'totalUsd': (number);
  'regions': (_cloudless_v1_RegionCost__Output)[];
  'links': (_cloudless_v1_LinkCost__Output)[];
  'forecast': (_cloudless_v1_Forecast__Output | null);
  'forecastUseEverything': (_cloudless_v1_Forecast__Output | null);
  'useEverythingUsd': (number);
  'saving': (number);
  'isFinal': (boolean);
  'catalogVersion': (string);
  'catalogHash': (string);
  'storageUsd': (number);
}
