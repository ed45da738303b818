// Original file: proto/cloudless/v1/function.proto


export interface StreamFunctionLogsRequest {
  'name'?: (string);
  'instanceId'?: (string);
  'follow'?: (boolean);
}

export interface StreamFunctionLogsRequest__Output {
  'name': (string);
  'instanceId': (string);
  'follow': (boolean);
}
