// Original file: proto/cloudless/v1/plan.proto

import type { PlanOutcome as _cloudless_v1_PlanOutcome, PlanOutcome__Output as _cloudless_v1_PlanOutcome__Output } from '../../cloudless/v1/PlanOutcome.ts';
import type { Partition as _cloudless_v1_Partition, Partition__Output as _cloudless_v1_Partition__Output } from '../../cloudless/v1/Partition.ts';
import type { Reason as _cloudless_v1_Reason, Reason__Output as _cloudless_v1_Reason__Output } from '../../cloudless/v1/Reason.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from '../../cloudless/v1/Forecast.ts';
import type { ObjectiveSpec as _cloudless_v1_ObjectiveSpec, ObjectiveSpec__Output as _cloudless_v1_ObjectiveSpec__Output } from '../../cloudless/v1/ObjectiveSpec.ts';
import type { Exchange as _cloudless_v1_Exchange, Exchange__Output as _cloudless_v1_Exchange__Output } from '../../cloudless/v1/Exchange.ts';
import type { Movement as _cloudless_v1_Movement, Movement__Output as _cloudless_v1_Movement__Output } from '../../cloudless/v1/Movement.ts';
import type { Alternative as _cloudless_v1_Alternative, Alternative__Output as _cloudless_v1_Alternative__Output } from '../../cloudless/v1/Alternative.ts';
import type { Bound as _cloudless_v1_Bound, Bound__Output as _cloudless_v1_Bound__Output } from '../../cloudless/v1/Bound.ts';
import type { Long } from '@grpc/proto-loader';

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
  'objective'?: (_cloudless_v1_ObjectiveSpec | null);
  'version'?: (number | string | Long);
  'plannedAtMs'?: (number | string | Long);
  'cause'?: (string);
  'exchange'?: (_cloudless_v1_Exchange | null);
  'movements'?: (_cloudless_v1_Movement)[];
  'alternatives'?: (_cloudless_v1_Alternative)[];
  'bound'?: (_cloudless_v1_Bound | null);
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
  'objective': (_cloudless_v1_ObjectiveSpec__Output | null);
  'version': (number);
  'plannedAtMs': (number);
  'cause': (string);
  'exchange': (_cloudless_v1_Exchange__Output | null);
  'movements': (_cloudless_v1_Movement__Output)[];
  'alternatives': (_cloudless_v1_Alternative__Output)[];
  'bound': (_cloudless_v1_Bound__Output | null);
}
