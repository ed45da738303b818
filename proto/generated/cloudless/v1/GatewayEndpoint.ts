// Original file: proto/cloudless/v1/function.proto


export interface GatewayEndpoint {
  'region'?: (string);
  'http'?: (string);
  'grpc'?: (string);
}

export interface GatewayEndpoint__Output {
  'region': (string);
  'http': (string);
  'grpc': (string);
}
