// Original file: proto/cloudless/v1/function.proto


export interface ListFunctionEventsRequest {
  'name'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListFunctionEventsRequest__Output {
  'name': (string);
  'pageSize': (number);
  'pageToken': (string);
}
