// Original file: proto/cloudless/v1/job.proto


export interface MeasuredLink {
  'fromRegion'?: (string);
  'mbitPerSecond'?: (number | string);
  'roundTripMs'?: (number | string);
}

export interface MeasuredLink__Output {
  'fromRegion': (string);
  'mbitPerSecond': (number);
  'roundTripMs': (number);
}
