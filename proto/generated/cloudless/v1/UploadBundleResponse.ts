// Original file: proto/cloudless/v1/job.proto


export interface UploadBundleResponse {
  'digest'?: (string);
  'alreadyPresent'?: (boolean);
}

export interface UploadBundleResponse__Output {
  'digest': (string);
  'alreadyPresent': (boolean);
}
