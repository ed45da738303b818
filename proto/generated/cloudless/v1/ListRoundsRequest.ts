// Original file: proto/cloudless/v1/job.proto


export interface ListRoundsRequest {
  'jobId'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
  'region'?: (string);
}

export interface ListRoundsRequest__Output {
  'jobId': (string);
  'pageSize': (number);
  'pageToken': (string);
  'region': (string);
}
