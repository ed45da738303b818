// Original file: proto/cloudless/v1/fleet.proto


export interface UploadModelResponse {
  'digest'?: (string);
}

export interface UploadModelResponse__Output {
  'digest': (string);
}
