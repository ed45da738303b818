// Original file: proto/cloudless/v1/region.proto


export interface ListLinksRequest {
  'fromRegion'?: (string);
}

export interface ListLinksRequest__Output {
  'fromRegion': (string);
}
