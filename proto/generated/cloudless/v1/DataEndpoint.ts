// Original file: proto/cloudless/v1/fleet.proto


export interface DataEndpoint {
  'region'?: (string);
  'endpoint'?: (string);
}

export interface DataEndpoint__Output {
  'region': (string);
  'endpoint': (string);
}
