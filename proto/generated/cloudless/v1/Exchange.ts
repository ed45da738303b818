// Original file: proto/cloudless/v1/plan.proto


export interface Exchange {
  'interval'?: (number);
  'codec'?: (string);
  'fragments'?: (number);
  'hub'?: (string);
}

export interface Exchange__Output {
  'interval': (number);
  'codec': (string);
  'fragments': (number);
  'hub': (string);
}
