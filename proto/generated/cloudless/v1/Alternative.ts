// Original file: proto/cloudless/v1/plan.proto

import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from '../../cloudless/v1/Forecast.ts';

export interface Alternative {
  'name'?: (string);
  'forecast'?: (_cloudless_v1_Forecast | null);
  'text'?: (string);
}

export interface Alternative__Output {
  'name': (string);
  'forecast': (_cloudless_v1_Forecast__Output | null);
  'text': (string);
}
