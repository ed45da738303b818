// Original file: proto/cloudless/v1/function.proto


export interface DeleteFunctionRequest {
  'name'?: (string);
}

export interface DeleteFunctionRequest__Output {
  'name': (string);
}
