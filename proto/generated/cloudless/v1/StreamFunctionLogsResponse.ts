// Original file: proto/cloudless/v1/function.proto


export interface StreamFunctionLogsResponse {
  'instanceId'?: (string);
  'data'?: (Buffer | Uint8Array | string);
}

export interface StreamFunctionLogsResponse__Output {
  'instanceId': (string);
  'data': (Buffer);
}
