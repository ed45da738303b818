// Original file: proto/cloudless/v1/instance.proto


export interface WorkerUse {
  'instanceId'?: (string);
  'hasStepped'?: (boolean);
  'waitedSeconds'?: (number | string);
}

export interface WorkerUse__Output {
  'instanceId': (string);
  'hasStepped': (boolean);
  'waitedSeconds': (number);
}
