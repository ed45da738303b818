// Original file: proto/cloudless/v1/worker.proto


export interface LeaveRequest {
  'sessionId'?: (string);
  'reason'?: (string);
}

export interface LeaveRequest__Output {
  'sessionId': (string);
  'reason': (string);
}
