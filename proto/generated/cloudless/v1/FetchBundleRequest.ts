// Original file: proto/cloudless/v1/fleet.proto


export interface FetchBundleRequest {
  'digest'?: (string);
}

export interface FetchBundleRequest__Output {
  'digest': (string);
}
