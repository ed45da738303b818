// Original file: proto/cloudless/v1/cost.proto


export interface GetJobCostRequest {
  'jobId'?: (string);
}

export interface GetJobCostRequest__Output {
  'jobId': (string);
}
