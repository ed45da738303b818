// Original file: proto/cloudless/v1/job.proto


export interface ListPlansRequest {
  'jobId'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListPlansRequest__Output {
  'jobId': (string);
  'pageSize': (number);
  'pageToken': (string);
}
