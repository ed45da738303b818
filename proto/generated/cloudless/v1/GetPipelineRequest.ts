// Original file: proto/cloudless/v1/pipeline.proto


export interface GetPipelineRequest {
  'name'?: (string);
}

export interface GetPipelineRequest__Output {
  'name': (string);
}
