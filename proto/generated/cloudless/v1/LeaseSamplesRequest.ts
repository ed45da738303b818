// Original file: proto/cloudless/v1/worker.proto


export interface LeaseSamplesRequest {
  'sessionId'?: (string);
}

export interface LeaseSamplesRequest__Output {
  'sessionId': (string);
}
