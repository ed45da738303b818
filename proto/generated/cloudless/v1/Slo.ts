// Original file: proto/cloudless/v1/function.proto


export interface Slo {
  'latencyMs'?: (number | string);
  'percentile'?: (number | string);
}

export interface Slo__Output {
  'latencyMs': (number);
  'percentile': (number);
}
