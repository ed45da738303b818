// Original file: proto/cloudless/v1/function.proto


export interface GetFunctionRequest {
  'name'?: (string);
}

export interface GetFunctionRequest__Output {
  'name': (string);
}
