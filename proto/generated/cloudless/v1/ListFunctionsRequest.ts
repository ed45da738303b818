// Original file: proto/cloudless/v1/function.proto


export interface ListFunctionsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListFunctionsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
