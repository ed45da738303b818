// Original file: proto/cloudless/v1/job.proto


export interface StreamLogsRequest {
  'jobId'?: (string);
  'instanceId'?: (string);
  'follow'?: (boolean);
  'tailLines'?: (number);
}

export interface StreamLogsRequest__Output {
  'jobId': (string);
  'instanceId': (string);
  'follow': (boolean);
  'tailLines': (number);
}
