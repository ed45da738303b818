// Original file: proto/cloudless/v1/job.proto


export interface ListEventsRequest {
  'jobId'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListEventsRequest__Output {
  'jobId': (string);
  'pageSize': (number);
  'pageToken': (string);
}
