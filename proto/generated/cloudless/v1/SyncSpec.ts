// Original file: proto/cloudless/v1/job.proto


export interface SyncSpec {
  'strategy'?: (string);
  'interval'?: (number);
  'mode'?: (string);
  'delayCompensation'?: (number | string);
}

export interface SyncSpec__Output {
  'strategy': (string);
  'interval': (number);
  'mode': (string);
  'delayCompensation': (number);
}
