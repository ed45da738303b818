// Original file: proto/cloudless/v1/region.proto


export interface GetRegionRequest {
  'name'?: (string);
}

export interface GetRegionRequest__Output {
  'name': (string);
}
