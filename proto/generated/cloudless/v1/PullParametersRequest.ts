// Original file: proto/cloudless/v1/worker.proto


export interface PullParametersRequest {
  'sessionId'?: (string);
}

export interface PullParametersRequest__Output {
  'sessionId': (string);
}
