// Original file: proto/cloudless/v1/function.proto

import type { SloPer as _cloudless_v1_SloPer, SloPer__Output as _cloudless_v1_SloPer__Output } from '../../cloudless/v1/SloPer.ts';

export interface Slo {
  'latencyMs'?: (number | string);
  'percentile'?: (number | string);
  'per'?: (_cloudless_v1_SloPer);
}

export interface Slo__Output {
  'latencyMs': (number);
  'percentile': (number);
  'per': (_cloudless_v1_SloPer__Output);
}
