// Original file: proto/cloudless/v1/function.proto


export interface ProfilePoint {
  'deviceModel'?: (string);
  'batch'?: (number);
  'smMilli'?: (number);
  'quotaMilli'?: (number);
  'latencyMs'?: (number | string);
}

export interface ProfilePoint__Output {
  'deviceModel': (string);
  'batch': (number);
  'smMilli': (number);
  'quotaMilli': (number);
  'latencyMs': (number);
}
