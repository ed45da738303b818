// Original file: proto/cloudless/v1/job.proto


export interface DownloadModelRequest {
  'jobId'?: (string);
}

export interface DownloadModelRequest__Output {
  'jobId': (string);
}
