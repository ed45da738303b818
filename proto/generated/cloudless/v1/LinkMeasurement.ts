// Original file: proto/cloudless/v1/job.proto


export interface LinkMeasurement {
  'fromRegion'?: (string);
  'toRegion'?: (string);
  'mbitPerSecond'?: (number | string);
  'roundTripMs'?: (number | string);
}

export interface LinkMeasurement__Output {
  'fromRegion': (string);
  'toRegion': (string);
  'mbitPerSecond': (number);
  'roundTripMs': (number);
}
