// Original file: proto/cloudless/v1/job.proto


export interface ResumeJobRequest {
  'id'?: (string);
  'requestId'?: (string);
  'validateOnly'?: (boolean);
}

export interface ResumeJobRequest__Output {
  'id': (string);
  'requestId': (string);
  'validateOnly': (boolean);
}
