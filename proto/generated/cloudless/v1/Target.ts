// Original file: proto/cloudless/v1/job.proto


export interface Target {
  'metric'?: (string);
  'atLeast'?: (number | string);
}

export interface Target__Output {
  'metric': (string);
  'atLeast': (number);
}
