// Original file: proto/cloudless/v1/plan.proto

import type { PlanOutcome as _cloudless_v1_PlanOutcome, PlanOutcome__Output as _cloudless_v1_PlanOutcome__Output } from '../../cloudless/v1/PlanOutcome.ts';
import type { Partition as _cloudless_v1_Partition, Partition__Output as _cloudless_v1_Partition__Output } from '../../cloudless/v1/Partition.ts';
import type { Reason as _cloudless_v1_Reason, Reason__Output as _cloudless_v1_Reason__Output } from '../../cloudless/v1/Reason.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from '../../cloudless/v1/Forecast.ts';

export interface Plan {
  'outcome'?: (_cloudless_v1_PlanOutcome);
  'policy'?: (string);
  'partitions'?: (_cloudless_v1_Partition)[];
  'reasons'?: (_cloudless_v1_Reason)[];
  'forecast'?: (_cloudless_v1_Forecast | null);
  'forecastUseEverything'?: (_cloudless_v1_Forecast | null);
  'catalogVersion'?: (string);
  'catalogHash'?: (string);
  'loadPower'?: (number | string);
  'bottleneckRegion'?: (string);
}

export interface Plan__Output {
  'outcome': (_cloudless_v1_PlanOutcome__Output);
  'policy': (string);
  'partitions': (_cloudless_v1_Partition__Output)[];
  'reasons': (_cloudless_v1_Reason__Output)[];
  'forecast': (_cloudless_v1_Forecast__Output | null);
  'forecastUseEverything': (_cloudless_v1_Forecast__Output | null);
  'catalogVersion': (string);
  'catalogHash': (string);
  'loadPower': (number);
  'bottleneckRegion': (string);
}
