// Original file: proto/cloudless/v1/pipeline.proto


export interface ListPipelinesRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListPipelinesRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
