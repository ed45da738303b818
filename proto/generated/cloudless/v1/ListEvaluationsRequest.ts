// Original file: proto/cloudless/v1/job.proto


export interface ListEvaluationsRequest {
  'jobId'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListEvaluationsRequest__Output {
  'jobId': (string);
  'pageSize': (number);
  'pageToken': (string);
}
